import { findProgram } from "./find-program.mjs";

/**
 * What the set-up may need from the system, and what each package manager calls it.
 * @typedef {"compiler" | "cmake" | "make" | "ffmpeg"} SystemPart
 * @typedef {{ program: string, install: string[], refresh?: string[], needsRoot: boolean,
 *   packages: Record<SystemPart, string> }} PackageManager
 */

/** @type {PackageManager[]} In this order: the first one found is used. */
export const PACKAGE_MANAGERS = [
  {
    program: "apt-get",
    install: ["install", "-y", "--no-install-recommends"],
    refresh: ["update"], // a container's image comes without package lists
    needsRoot: true,
    packages: { compiler: "g++", cmake: "cmake", make: "make", ffmpeg: "ffmpeg" },
  },
  {
    program: "dnf",
    install: ["install", "-y"],
    needsRoot: true,
    packages: { compiler: "gcc-c++", cmake: "cmake", make: "make", ffmpeg: "ffmpeg-free" },
  },
  {
    program: "apk",
    install: ["add", "--no-cache"],
    needsRoot: true,
    packages: { compiler: "g++", cmake: "cmake", make: "make", ffmpeg: "ffmpeg" },
  },
  {
    program: "pacman",
    install: ["-S", "--noconfirm", "--needed"],
    needsRoot: true,
    packages: { compiler: "gcc", cmake: "cmake", make: "make", ffmpeg: "ffmpeg" },
  },
  {
    program: "zypper",
    install: ["--non-interactive", "install"],
    needsRoot: true,
    packages: { compiler: "gcc-c++", cmake: "cmake", make: "make", ffmpeg: "ffmpeg" },
  },
  {
    program: "brew",
    install: ["install"],
    needsRoot: false, // and it refuses to run as root
    packages: { compiler: "gcc", cmake: "cmake", make: "make", ffmpeg: "ffmpeg" },
  },
];

/**
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {PackageManager | undefined}
 */
export function findPackageManager(env = process.env) {
  return PACKAGE_MANAGERS.find(({ program }) => findProgram(program, env));
}

/**
 * What a user types to get a part; without a known package manager, where to look.
 * @param {SystemPart} part
 * @param {PackageManager | undefined} manager
 * @param {boolean} isRoot
 */
export function howToGet(part, manager, isRoot) {
  if (part === "compiler" && process.platform === "darwin") return "xcode-select --install";
  if (!manager) return `install ${part === "compiler" ? "g++ or clang++" : part} and put it on PATH`;
  const { program, install, packages, needsRoot } = manager;
  const unattended = ["-y", "--noconfirm", "--non-interactive", "--no-cache", "--needed", "--no-install-recommends"];
  const typed = [program, ...install.filter((word) => !unattended.includes(word)), packages[part]].join(" ");
  return needsRoot && !isRoot ? `sudo ${typed}` : typed;
}
