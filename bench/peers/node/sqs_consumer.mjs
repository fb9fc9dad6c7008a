// sqs-consumer: BENCH_CONSUMERS consumers of ten messages a receive. One consumer polls again only
// when its whole batch is handled and deleted; its documentation's answer to that is more of them.
//   node sqs_consumer.mjs single   handleMessage: every message by itself, deleted one by one
//   node sqs_consumer.mjs batch    handleMessageBatch: deleted ten at a time
import { Consumer } from "sqs-consumer";
import { client, complain, handle, holdSeconds, queueUrl, visibility } from "./common.mjs";

const sqs = client();
const consumers = Number(process.env.BENCH_CONSUMERS ?? 10);
const handlers = {
  single: { handleMessage: async (message) => (await handle(message.Body), message) },
  batch: {
    handleMessageBatch: async (messages) => {
      await Promise.all(messages.map((message) => handle(message.Body)));
      return messages;
    },
  },
};
for (let i = 0; i < consumers; ++i) {
  const consumer = Consumer.create({
    queueUrl,
    sqs,
    batchSize: 10,
    visibilityTimeout: visibility,
    ...(holdSeconds > 0 ? { heartbeatInterval: visibility / 2 } : {}),
    ...handlers[process.argv[2]],
  });
  for (const event of ["error", "processing_error", "timeout_error"]) consumer.on(event, complain);
  consumer.start();
}
