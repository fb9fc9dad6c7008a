// Starts fauxqs on a free loopback port and prints the port: its own command binds all addresses.
import { buildApp } from "fauxqs";

const app = buildApp({ logger: false, host: "127.0.0.1", defaultRegion: "eu-west-2" });
await app.listen({ port: 0, host: "127.0.0.1" });
console.log(app.server.address().port);
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
