// BullMQ's flows: a parent with many children, one flow after another, from the add to the end of the parent. Prints
// the seconds that they took, after one flow that doesn't count.

import { FlowProducer, QueueEvents, Worker } from "bullmq";
import Redis from "ioredis";

const [flows, children, concurrency] = process.argv.slice(2).map(Number);
const connect = () => new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
const options = { concurrency, removeOnComplete: { count: 0 } };
const worker = new Worker("flow-children", async () => 1, { connection: connect(), ...options });
// A parent that is removed at once couldn't be asked for its children.
const count = async (job) => Object.keys(await job.getChildrenValues()).length;
const parents = new Worker("flow-parents", count, { connection: connect(), concurrency });
const events = new QueueEvents("flow-parents", { connection: connect() });
const producer = new FlowProducer({ connection: connect() });
await Promise.all([worker, parents, events].map((it) => it.waitUntilReady()));

const one = async () => {
  const child = (index) => ({
    name: "child",
    queueName: "flow-children",
    data: String(index).padStart(98, "0"),
    opts: { removeOnComplete: true },
  });
  const tree = {
    name: "parent",
    queueName: "flow-parents",
    children: Array.from({ length: children }, (_, index) => child(index)),
  };
  const { job } = await producer.add(tree);
  const found = await job.waitUntilFinished(events);
  if (found !== children) throw new Error(`${found} values of ${children} children`);
};

await one();
const began = performance.now();
for (let flow = 0; flow < flows; flow += 1) await one();
process.stdout.write(`${(performance.now() - began) / 1000}\n`);
process.exit(0);
