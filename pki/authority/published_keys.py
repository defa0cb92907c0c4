"""Keys whose private half everybody knows, by key id: such a key proves nothing (E09)."""

from collections.abc import Mapping
from types import MappingProxyType

SMALL_SCALARS = range(1, 17)  # private keys that a counter, or a broken random source, comes upon

# RFC 5280 method 1 key ids (SHA-1 of the public key's BIT STRING value), and where the private
# key is printed.
PUBLISHED: Mapping[str, str] = MappingProxyType(
    {
        "1a9569579bce329a942d0769c9c0b56431563710": "RFC 6979 A.2.5",
        "8d8c1c2ffbf89842fa4e3aacf4daeef168049221": "RFC 6979 A.2.7",
        "ce8d16b1c9338eb7fe397999ae45beee3fb58686": "RFC 7515 A.3",
        "3359ad0433c660145808635e5680cb1c1a13cc77": "RFC 7515 A.4",
        "6de08a72351ef1adebca2cd7f1fda69154adfa4f": "RFC 8032 7.4",
        "b467a3999eb5efa671de0032f08a9c9e5efda0e1": "P-256, private key 1",
        "5b4717b04eaced57c4eca1728ca9a71d3b224340": "P-256, private key 2",
        "fc2cb70129452f936402b99c9cdea267412b1280": "P-256, private key 3",
        "86a414f58454efcb74fe8c6f67c85ad3feaa00a6": "P-256, private key 4",
        "d118adb4b8db7e3a933f1c2688fbcfda54c351b7": "P-256, private key 5",
        "2e4c932d82db6c5c309272dafa7c13b0ede6735c": "P-256, private key 6",
        "ccd2b3eaf5908869b0a1eac83d6d895986319bcd": "P-256, private key 7",
        "4fc75a920c2b3616ae03b09151ab86902ee4c57a": "P-256, private key 8",
        "e83253b64286f0acb9f1a7e8290f5c5b7bf454dc": "P-256, private key 9",
        "ee8198a0ea05721f8b9cc87ff8303ac2f877ec34": "P-256, private key 10",
        "daa7da9026d9bb583851bceffac8f8210f5e3666": "P-256, private key 11",
        "c4fd12c7941e851ee9bc797d8efca3ea176b8f53": "P-256, private key 12",
        "cbaff1ff93664abd54e10b8b42c51253a6f9b311": "P-256, private key 13",
        "d5ba753010547d444743cea61ecfdd4e0887dab5": "P-256, private key 14",
        "6d445fc006da029c39d1e69fcb0fabd88bc462ea": "P-256, private key 15",
        "969a674e746440c2be409e9406f8b74d3030e845": "P-256, private key 16",
        "c0f7d398eebaafd4a7ec2cfa1906820cca6baa46": "P-521, private key 1",
        "dfb054ba97541f3b1e7bccda69f9867e093852e4": "P-521, private key 2",
        "26d40a96c04fd9ce87a9652c42df3d41f144443d": "P-521, private key 3",
        "d62cada3050523255e002456b0698652a8c50a2c": "P-521, private key 4",
        "b98afa440c4b1db78d5ccd02e9fb854e051eea42": "P-521, private key 5",
        "9cb3413738a039539e16e5fffda904621671942d": "P-521, private key 6",
        "afc42b8823a562300333681bbea22608cabde3e8": "P-521, private key 7",
        "32a0449895bdc04dcec5625e3b3eec5d4f2d2128": "P-521, private key 8",
        "3ff74ef790f0a9bad5ec4010e05cc3223e5f8a50": "P-521, private key 9",
        "6b262519e0d365005cc7582490acc00e9e666c1f": "P-521, private key 10",
        "831bf9f87102eef6392c7bee55af0f1c090564a3": "P-521, private key 11",
        "147c197cd1e404c740a62c3eb6780400bfd09d34": "P-521, private key 12",
        "e31d81ad2531cebb5d3260f4bb051188f47cc8a1": "P-521, private key 13",
        "2f94bf52d5906ceb01129d094772c4adf1b151ea": "P-521, private key 14",
        "dbf7c9de39ef4cb810127cc1ec55b1d85d574910": "P-521, private key 15",
        "976a95acefb2aa6818658e9256e83becbdf90272": "P-521, private key 16",
    }
)
