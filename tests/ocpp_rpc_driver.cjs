// A charging station by npm ocpp-rpc in its strict mode: says what standard input tells it to say
// and prints, a JSON line each, what came of it.
const fs = require('node:fs');
const {RPCClient} = require(process.argv[2]);

async function main() {
    const script = JSON.parse(fs.readFileSync(0, 'utf8'));
    const client = new RPCClient({
        ...script.client,
        strictMode: true,
        reconnect: false,
        wsOpts: script.ca ? {ca: fs.readFileSync(script.ca)} : {},
    });
    client.on('strictValidationFailure', event => {
        console.log(JSON.stringify({unfit: String(event.error.message), outbound: event.outbound}));
    });
    client.handle('Reset', ({params}) => ({status: params.type === 'Immediate' ? 'Accepted' : 'Rejected'}));
    try {
        await client.connect();
    } catch (error) {
        console.log(JSON.stringify({refused: String(error.message)}));
        return;
    }
    console.log(JSON.stringify({protocol: client.protocol}));
    for (const [action, payload] of script.calls) {
        try {
            console.log(JSON.stringify({result: await client.call(action, payload)}));
        } catch (error) {
            console.log(JSON.stringify({error: error.rpcErrorCode ?? error.name, text: error.message}));
        }
    }
    await client.close();
}

main();
