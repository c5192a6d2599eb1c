// `npm run build`: everything that `npm start` needs, without starting.
import { runMain } from "./setup/failure.mjs";
import { provideFfmpeg } from "./setup/ffmpeg.mjs";
import { prepare } from "./setup/prepare.mjs";
import { say } from "./setup/say.mjs";

await runMain(async () => {
  await prepare();
  const missing = await provideFfmpeg();
  say(missing ?? "ready: npm start");
});
