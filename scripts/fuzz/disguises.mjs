/**
 * What is no recording, but might make a decoder open something else, unpack without end, or take a text for a script.
 * @param {import("./random.mjs").Random} random
 * @param {Buffer} sound a right recording
 * @param {string} secretPath a recording on the server's disk that nobody may hear
 * @returns {{ what: string, bytes: Buffer, isSound: boolean }} isSound: there is a recording in it too
 */
export function disguise(random, sound, secretPath) {
  const targets = [
    secretPath,
    `file://${secretPath}`,
    "/etc/passwd",
    "http://127.0.0.1:9/a.wav",
    `concat:${secretPath}|${secretPath}`,
    `data:audio/wav;base64,${sound.subarray(0, 30_000).toString("base64")}`,
    `subfile,,start,0,end,0,,:${secretPath}`,
    `crypto+file:${secretPath}`,
    "rtsp://127.0.0.1:9/x",
    "../../../../etc/passwd",
    "x".repeat(20_000),
    "%s%n%d",
  ];
  const target = random.pick(targets);
  const texts = {
    hls: `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\n${target}\n#EXT-X-ENDLIST\n`,
    "hls with a key": `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXT-X-KEY:METHOD=AES-128,URI="${target}"\n#EXTINF:2,\n${target}\n`,
    "hls of lists": `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n${target}\n`,
    m3u: `#EXTM3U\n#EXTINF:123,A\n${target}\n`,
    pls: `[playlist]\nFile1=${target}\nLength1=5\nNumberOfEntries=1\n`,
    ffconcat: `ffconcat version 1.0\nfile '${target}'\nduration 2\n`,
    "ffconcat with options": `ffconcat version 1.0\nfile '${target}'\noption protocol_whitelist file,http,data\n`,
    sdp: `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\na=control:${target}\n`,
    dash:
      '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet ' +
      `mimeType="audio/mp4"><Representation id="1"><BaseURL>${target}</BaseURL></Representation></AdaptationSet></Period></MPD>`,
    smil: `<smil><body><audio src="${target}"/></body></smil>`,
    svg: `<svg xmlns="http://www.w3.org/2000/svg"><image href="${target}" width="9" height="9"/></svg>`,
    "an entity bomb": `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "${target}">]><MPD>&x;</MPD>`,
    cue: `FILE "${target}" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n`,
    sbg: `-SE\nNameDef: white/20 200+8/40\nNOW NameDef\n`,
    srt: "1\n00:00:00,000 --> 99:00:02,000\nspoken words\n".repeat(50),
    ffmetadata: `;FFMETADATA1\ntitle=${target}\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=999999999\n`,
    vapoursynth: `import vapoursynth\nopen('${target}').read()\n`,
    avisynth: `DirectShowSource("${target}")\n`,
    lavfi: `amovie=${target}`,
    json: `{"file":"${target}"}`,
    html: `<!doctype html><audio src="${target}"></audio>`,
    "a shell script": `#!/bin/sh\ntouch ${secretPath}.touched\n`,
  };
  const [what, text] = random.pick(Object.entries(texts));
  const heads = {
    bare: Buffer.alloc(0),
    "after ID3": Buffer.from("ID3\x04\x00\x00\x7f\x7f\x7f\x7f", "latin1"),
    "after RIFF": Buffer.from("RIFF\xff\xff\xff\x7fWAVE", "latin1"),
    "after ftyp": Buffer.from("\0\0\0\x18ftypM4A \0\0\0\0M4A mp42", "latin1"),
    "after a byte order mark": Buffer.from([0xef, 0xbb, 0xbf]),
    "after a recording": sound,
  };
  const [where, head] = random.pick([["bare", heads.bare], ...Object.entries(heads)]);
  return {
    what: `${what} ${where}`,
    bytes: Buffer.concat([/** @type {Buffer} */ (head), Buffer.from(text)]),
    isSound: head === sound,
  };
}
