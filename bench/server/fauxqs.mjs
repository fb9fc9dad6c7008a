// fauxqs on a free port with a count of what arrives: the same as bench/server does for the
// simulated region, and documented there. Run with the folder that fauxqs is installed in.
//   node fauxqs.mjs FOLDER
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const folder = path.join(process.argv[2], "node_modules", "fauxqs");
const entry = createRequire(import.meta.url)(path.join(folder, "package.json")).main ?? "dist/app.js";
const { buildApp } = await import(pathToFileURL(path.join(folder, entry)));

const counts = {};
const arrivals = [];
const app = buildApp({ logger: false, host: "127.0.0.1", defaultRegion: "eu-west-2" });
app.addHook("preHandler", (request, _reply, done) => {
  const operation = (request.headers["x-amz-target"] ?? "").split(".").at(-1);
  const queue = String(request.body?.QueueUrl ?? "").split("/").at(-1);
  if (operation) {
    const count = ((counts[queue] ??= {})[operation] ??= { requests: 0, entries: 0 });
    count.requests += 1;
    count.entries += request.body.Entries?.length ?? (request.body.ReceiptHandle ? 1 : 0);
    arrivals.push([Number(process.hrtime.bigint()), queue, operation]);
    if (arrivals.length > 4096) arrivals.splice(0, 2048);
  }
  done();
});
app.get("/_bench/counts", async () => counts);
app.get("/_bench/arrivals", async () => ({ now: Number(process.hrtime.bigint()), arrivals }));
await app.listen({ port: 0, host: "127.0.0.1" });
console.log(app.server.address().port);
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
