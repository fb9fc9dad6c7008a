// What the Node peers share: the settings, and the handler, which does nothing, holds its message
// for BENCH_HOLD_SECONDS, or (BENCH_STAMP) says when it ran. Names: bench/clients.py.
import { SQS } from "@aws-sdk/client-sqs";

export const queueUrl = process.env.BENCH_QUEUE_URL;
export const holdSeconds = Number(process.env.BENCH_HOLD_SECONDS ?? 0);
export const visibility = Number(process.env.BENCH_VISIBILITY ?? 60);
export const inFlight = Number(process.env.BENCH_IN_FLIGHT ?? 100);
const stamp = process.env.BENCH_STAMP !== undefined;

// The SDK's default agent has 50 sockets: consumers would wait for each other.
export function client() {
  return new SQS({
    maxAttempts: 1,
    requestHandler: { httpAgent: { keepAlive: true, maxSockets: 2000 } },
  });
}

export async function handle(body) {
  if (stamp) {
    const now = process.hrtime.bigint();
    const written = /t=(\d{19})/.exec(body);
    if (written) console.log(String(now - BigInt(written[1])));
  }
  if (holdSeconds > 0) await new Promise((resolve) => setTimeout(resolve, holdSeconds * 1000));
  if (stamp) console.log(`end ${process.hrtime.bigint()}`);
}

export function complain(error) {
  console.error(error);
}
