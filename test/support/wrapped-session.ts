import type { NativeSession } from "../../src/engine/addon.js";

/** A real session of which some calls are watched or answered otherwise. */
export function wrappedSession(session: NativeSession, changes: Partial<NativeSession>): NativeSession {
  return {
    setAudio: (...args) => session.setAudio(...args),
    encode: (...args) => session.encode(...args),
    detect: (...args) => session.detect(...args),
    decode: (...args) => session.decode(...args),
    align: (...args) => session.align(...args),
    sampleEncoding: (count) => session.sampleEncoding(count),
    timings: () => session.timings(),
    clear: () => session.clear(),
    close: () => session.close(),
    ...changes,
  };
}
