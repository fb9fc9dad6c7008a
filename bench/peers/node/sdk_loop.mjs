// @aws-sdk/client-sqs alone: BENCH_CONSUMERS loops, each receives ten and deletes ten.
import { DeleteMessageBatchCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { client, complain, handle, queueUrl } from "./common.mjs";

const sqs = client();

async function loop() {
  for (;;) {
    const { Messages: messages = [] } = await sqs.send(new ReceiveMessageCommand({
      QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 }));
    if (messages.length === 0) continue;
    await Promise.all(messages.map((message) => handle(message.Body)));
    await sqs.send(new DeleteMessageBatchCommand({
      QueueUrl: queueUrl,
      Entries: messages.map((message, i) => ({ Id: String(i), ReceiptHandle: message.ReceiptHandle })),
    }));
  }
}

for (let i = 0; i < Number(process.env.BENCH_CONSUMERS ?? 8); ++i) {
  loop().catch((error) => { complain(error); process.exit(1); });
}
