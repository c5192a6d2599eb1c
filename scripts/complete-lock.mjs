/**
 * Adds to package-lock.json the optional packages of other platforms that a registry with a part of all packages does not
 * have: npm leaves them out when it writes the lock, and `npm ci` then refuses it everywhere. Run after `npm install`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const OS = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const CPU = ["arm64", "arm", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "universal", "wasm32", "x64"];
const EXACT = /^\d+\.\d+\.\d+$/;

const path = process.argv[2] ?? fileURLToPath(new URL("../package-lock.json", import.meta.url));
const lock = JSON.parse(readFileSync(path, "utf8"));
let added = 0;
for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] || !EXACT.test(version)) continue;
    const words = name.split("/").at(-1).split("-");
    const os = OS.filter((word) => words.includes(word));
    const cpu = CPU.filter((word) => words.includes(word));
    if (os.length + cpu.length === 0) throw new Error(`Expected the platform in the name of ${name}`);
    const libc = words.includes("musl") ? ["musl"] : words.includes("gnu") ? ["glibc"] : [];
    const entry = { version, cpu, dev: parent.dev, libc, optional: true, os: words.includes("wasm32") ? [] : os };
    lock.packages[key] = Object.fromEntries(Object.entries(entry).filter(([, value]) => value && value.length !== 0));
    added++;
  }
}
const { "": root, ...rest } = lock.packages;
lock.packages = { "": root, ...Object.fromEntries(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))) };
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.error(`added ${added} packages of other platforms`);
