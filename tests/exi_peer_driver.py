"""Runs in the peer's environment (exi_peer.py starts it): JSON lines in, JSON lines out.

Needs only py4j and the jar; nothing of Plugward is here.
"""

import json
import statistics
import sys
import time
from pathlib import Path

from py4j.java_gateway import JavaGateway

GRAMMARS = {
    "urn:iso:15118:2:2010:AppProtocol": "CommonAppProtocol",
    "urn:iso:15118:2:2013:MsgDef": "ISO15118_2Grammar",
    "urn:din:70121:2012:MsgDef": "DINSpec_70121",
    "urn:iso:std:iso:15118:-20:CommonMessages": "ISO15118_20_V2G_CI_CommonMessages",
    "urn:iso:std:iso:15118:-20:AC": "ISO15118_20_V2G_CI_AC",
    "urn:iso:std:iso:15118:-20:DC": "ISO15118_20_V2G_CI_DC",
    "http://www.w3.org/2000/09/xmldsig#": "XMLDSIG_Core_Schema_Grammar",
}


class Driver:
    def __init__(self, jar):
        self.gateway = JavaGateway.launch_gateway(
            classpath=jar,
            die_on_exit=True,
            javaopts=["--add-opens", "java.base/java.lang=ALL-UNNAMED", "-Xmx512m"],
        )
        self.jvm = self.gateway.jvm
        self.codec = self.jvm.com.siemens.ct.exi.main.cmd.EXICodec()
        self.factories = {}

    def encode(self, question):
        found = self.codec.encode(question["json"], question["ns"])
        if found is None:
            raise ValueError(self.codec.get_last_encoding_error())
        return found.hex()

    def decode(self, question):
        found = self.codec.decode(bytes.fromhex(question["hex"]), question["ns"])
        if found is None:
            raise ValueError(self.codec.get_last_decoding_error())
        return found

    def factory(self, namespace):
        if namespace not in self.factories:
            grammars = getattr(
                self.jvm.com.siemens.ct.exi.main.generatedgrammar, GRAMMARS[namespace]
            )()
            made = self.jvm.com.siemens.ct.exi.core.helpers.DefaultEXIFactory.newInstance()
            made.setGrammars(grammars)
            made.setValuePartitionCapacity(0)
            made.setMaximumNumberOfBuiltInElementGrammars(0)
            made.setMaximumNumberOfBuiltInProductions(0)
            self.factories[namespace] = made
        return self.factories[namespace]

    def xml(self, question):
        factory = self.factory(question["ns"])
        factory.setFragment(question["fragment"])
        result = self.jvm.com.siemens.ct.exi.main.api.sax.EXIResult(factory)
        out = self.jvm.java.io.ByteArrayOutputStream()
        result.setOutputStream(out)
        reader = self.jvm.org.xml.sax.helpers.XMLReaderFactory.createXMLReader()
        reader.setContentHandler(result.getHandler())
        text = self.jvm.java.io.StringReader(question["xml"])
        reader.parse(self.jvm.org.xml.sax.InputSource(text))
        return bytes(out.toByteArray()).hex()

    def time(self, question):
        figures = []
        for work in question["work"]:
            spent = ([], [])
            for _ in range(question["rounds"]):
                for times, step in zip(spent, (self.encode, self.decode), strict=True):
                    start = time.perf_counter()
                    step(work)
                    times.append((time.perf_counter() - start) * 1000)
            figures.append([statistics.median(times) for times in spent])
        return figures

    def memory(self, _question):
        pid = self.gateway.java_process.pid
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise ValueError("no VmRSS")


def main():
    driver = Driver(sys.argv[1])
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = {"ok": getattr(driver, question["op"])(question)}
        except Exception as error:  # noqa: BLE001 - whatever Java says is an answer
            answer = {"error": str(error)[:2000]}
        print(json.dumps(answer), flush=True)
    driver.gateway.shutdown()


if __name__ == "__main__":
    main()
