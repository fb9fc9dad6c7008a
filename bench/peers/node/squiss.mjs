// squiss-ts: one poller, as many messages in flight as it may have, deletes ten at a time.
// deleteWaitMs is its wait for a full batch, 2 s by default; 10 ms is fairer to its latency and
// costs nothing at full load.
import { Squiss } from "squiss-ts";
import { client, complain, handle, holdSeconds, inFlight, queueUrl, visibility } from "./common.mjs";

const squiss = new Squiss({
  SQS: client(),
  queueUrl,
  bodyFormat: "plain",
  receiveBatchSize: 10,
  deleteBatchSize: 10,
  deleteWaitMs: 10,
  maxInFlight: inFlight,
  visibilityTimeoutSecs: visibility,
  ...(holdSeconds > 0 ? { autoExtendTimeout: true, advancedCallMs: (visibility * 1000) / 2 } : {}),
});
for (const event of ["error", "delError", "autoExtendFail", "autoExtendError"]) {
  squiss.on(event, complain);
}
squiss.on("message", (message) => {
  handle(message.body).then(() => message.del(), complain);
});
await squiss.start();
