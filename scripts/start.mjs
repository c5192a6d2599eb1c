// `npm start`: sets up what is not set up yet, then becomes the server.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runMain } from "./setup/failure.mjs";
import { provideFfmpeg } from "./setup/ffmpeg.mjs";
import { prepare } from "./setup/prepare.mjs";
import { ROOT } from "./setup/root.mjs";
import { say } from "./setup/say.mjs";

await runMain(async () => {
  const args = process.argv.slice(2);
  await prepare();
  const missing = await provideFfmpeg(args);
  if (missing) say(`${missing} (until then requests get 503 decoder_missing)`);

  // In this very process, as if `node dist/main.js serve …` had been typed: signals, standard streams and the exit code
  // are the server's own, and no parent is left behind that could lose one.
  const main = join(ROOT, "dist/main.js");
  process.argv = [process.execPath, main, "serve", ...args];
  await import(pathToFileURL(main).href);
});
