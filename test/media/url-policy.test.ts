import assert from "node:assert/strict";
import { test } from "node:test";
import { SottoError } from "../../src/core/errors.js";
import { isPublicAddress } from "../../src/media/address-check.js";
import { checkUrl, URL_POLICIES } from "../../src/media/url-policy.js";

const refused = (error: unknown) => error instanceof SottoError && error.code === "url_not_allowed";

/** Every one of them ends at this machine, in its network, or nowhere. */
const TRICKS: Record<string, string> = {
  "loopback by number": "http://127.0.0.1/a.wav",
  "another address of the loopback network": "http://127.254.3.9/",
  "decimal address": "http://2130706433/",
  "octal address": "http://0177.0.0.1/",
  "hexadecimal address": "http://0x7f000001/",
  "mixed and short address": "http://0x7f.1/",
  "short address": "http://127.1/",
  "zero for all": "http://0/",
  "this host": "http://0.0.0.0/",
  "private, 10": "http://10.1.2.3/",
  "private, 172": "http://172.31.255.254/",
  "private, 192": "http://192.168.0.1/",
  "shared by carriers": "http://100.64.0.1/",
  "link-local and metadata": "http://169.254.169.254/latest/meta-data/",
  "metadata of Alibaba": "http://100.100.100.200/",
  "metadata of Azure": "http://168.63.129.16/",
  "metadata of Oracle": "http://192.0.0.192/",
  benchmarks: "http://198.19.0.1/",
  multicast: "http://224.0.0.1/",
  broadcast: "http://255.255.255.255/",
  "trailing dot after an address": "http://127.0.0.1./",
  "full-width digits": "http://１２７.０.０.１/",
  "circled digits": "http://①②⑦.⓪.⓪.①/",
  "ideographic full stops": "http://127。0。0。1/",
  "percent-encoded address": "http://%31%32%37.0.0.1/",
  backslashes: "http:\\\\127.0.0.1\\a",
  "no slashes": "http:127.0.0.1",
  "a tab inside": "http://127.0.\t0.1/",
  "loopback of IPv6": "http://[::1]/",
  "unspecified of IPv6": "http://[::]/",
  "IPv4-mapped": "http://[::ffff:127.0.0.1]/",
  "IPv4-mapped, in hexadecimal": "http://[0:0:0:0:0:ffff:7f00:1]/",
  "IPv4-compatible": "http://[::127.0.0.1]/",
  NAT64: "http://[64:ff9b::7f00:1]/",
  "NAT64 of a local prefix": "http://[64:ff9b:1::7f00:1]/",
  "6to4": "http://[2002:7f00:1::]/",
  Teredo: "http://[2001:0:7f00:1::]/",
  "link-local of IPv6": "http://[fe80::1]/",
  "zone id": "http://[fe80::1%25eth0]/",
  "unique local, metadata of AWS": "http://[fd00:ec2::254]/",
  "site-local": "http://[fec0::1]/",
  "multicast of IPv6": "http://[ff02::1]/",
  documentation: "http://[2001:db8::1]/",
  localhost: "http://localhost/",
  "localhost with a trailing dot": "http://LocalHost./",
  "a name under localhost": "http://a.localhost/",
  "circled localhost": "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
  "metadata name of Google": "http://metadata.google.internal/computeMetadata/v1/",
  "a name without a dot": "http://metadata/",
  "a name of the local network": "http://printer.local/",
  "user before the host": "http://example.com@127.0.0.1/",
  "password before a public host": "http://user:pass@example.com/a.wav",
  "encoded slash before the at sign": "http://example.com%2f@127.0.0.1/",
  "another port": "http://example.com:22/",
  "a port above": "https://example.com:6379/",
  "a file": "file:///etc/passwd",
  "a file on the local host": "file://localhost/etc/passwd",
  "data in the URL": "data:audio/wav;base64,UklGRg==",
  ftp: "ftp://example.com/a.wav",
  gopher: "gopher://127.0.0.1:6379/_FLUSHALL",
  "a protocol of ffmpeg": "concat:/etc/passwd|/etc/hosts",
  "another protocol of ffmpeg": "subfile,,start,0,end,9,,:/etc/passwd",
  "streams of ffmpeg": "tcp://127.0.0.1:22",
  "a script": "javascript:alert(1)",
  "a URL in a URL": "jar:http://example.com/a.jar!/",
  "an address that is none": "http://256.256.256.256/",
  "a null byte": "http://example.com%00.internal/",
  "no host": "http:///",
  "without end": `http://example.com/${"a".repeat(9000)}`,
};

for (const [what, url] of Object.entries(TRICKS)) {
  test(`public: ${what} is refused`, () => {
    assert.throws(() => checkUrl(url, URL_POLICIES.public), refused);
  });
}

test("public: URLs of the internet are taken, with what new URL makes of them", () => {
  for (const [text, href] of [
    ["https://example.com/talk.mp3?sig=a%2Fb#t=10", "https://example.com/talk.mp3?sig=a%2Fb#t=10"],
    ["http://example.com.:80/", "http://example.com./"],
    ["HTTPS://EXAMPLE.com:443/a b", "https://example.com/a%20b"],
    ["https://bücher.example/a.wav", "https://xn--bcher-kva.example/a.wav"],
    ["http://93.184.216.34/", "http://93.184.216.34/"],
    ["http://[2606:2800:220:1::1]/", "http://[2606:2800:220:1::1]/"],
    ["http://mylocalhost.example/", "http://mylocalhost.example/"],
  ] as const) {
    assert.equal(checkUrl(text, URL_POLICIES.public).href, href);
  }
});

test("any: hosts and ports of the own network are taken; other schemes and passwords are still refused", () => {
  for (const text of ["http://127.0.0.1:8000/a.wav", "http://nas/a.wav", "http://[::1]/", "http://10.0.0.1:81/"]) {
    assert.ok(checkUrl(text, URL_POLICIES.any));
  }
  for (const text of ["file:///etc/passwd", "http://a:b@nas/", "data:audio/wav,x", "ftp://nas/a.wav"]) {
    assert.throws(() => checkUrl(text, URL_POLICIES.any), refused);
  }
});

test("an address is public up to the very border of what is not", () => {
  const cases: [string, string][] = [
    ["9.255.255.255", "10.0.0.0"],
    ["100.63.255.255", "100.64.0.0"],
    ["100.128.0.0", "100.127.255.255"],
    ["172.15.255.255", "172.16.0.0"],
    ["172.32.0.0", "172.31.255.255"],
    ["223.255.255.255", "224.0.0.0"],
    ["2001:200::1", "2001:1ff:ffff::1"],
    ["2001:db9::", "2001:db8:ffff::"],
    ["2003::", "2002:ffff::"],
    ["3fff:1000::", "3fff:fff::"],
    ["3ffe::1", "4000::1"],
  ];
  for (const [inside, outside] of cases) {
    assert.equal(isPublicAddress(inside, {}), true, inside);
    assert.equal(isPublicAddress(outside, {}), false, outside);
  }
  for (const none of ["", "localhost", "1.2.3", "2606:2800::1%eth0", "::ffff:93.184.216.34"]) {
    assert.equal(isPublicAddress(none, {}), false, none);
  }
});

test("the networks that this machine is in are private, whatever their addresses", () => {
  const entry = { mac: "", internal: false, netmask: "" };
  const interfaces = {
    eth0: [
      { ...entry, family: "IPv6" as const, address: "2a01:4f8:1:2::5", cidr: "2a01:4f8:1:2::5/64", scopeid: 0 },
      { ...entry, family: "IPv4" as const, address: "93.184.216.34", cidr: "93.184.216.34/24" },
    ],
    tun0: [{ ...entry, family: "IPv4" as const, address: "8.8.8.8", cidr: "8.8.8.8/0" }],
  };
  for (const near of ["2a01:4f8:1:2::5", "2a01:4f8:1:2::99", "93.184.216.35", "8.8.8.8"]) {
    assert.equal(isPublicAddress(near, interfaces), false, near);
  }
  for (const far of ["2a01:4f8:1:3::5", "93.184.217.1", "9.9.9.9"]) assert.ok(isPublicAddress(far, interfaces), far);
});
