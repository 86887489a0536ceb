// BullMQ's fan-out: each event is added to every queue, by addBulk in chunks, all queues at once, which is its
// fastest way. Prints the seconds that it took.

import { Queue } from "bullmq";
import Redis from "ioredis";

const CHUNK = 1000;
const [events, queues] = process.argv.slice(2).map(Number);
const connection = new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
const targets = Array.from({ length: queues }, (_, at) => new Queue(`fan-${at}`, { connection }));
await Promise.all(targets.map((queue) => queue.waitUntilReady()));
const job = (index) => ({ name: "user.created", data: String(index).padStart(98, "0") });
// The first calls load the scripts, and warm the compiler up.
const warm = Array.from({ length: CHUNK }, (_, index) => job(index));
await Promise.all(targets.map((queue) => queue.addBulk(warm)));

const began = performance.now();
for (let from = 0; from < events; from += CHUNK) {
  const size = Math.min(CHUNK, events - from);
  const chunk = Array.from({ length: size }, (_, at) => job(from + at));
  await Promise.all(targets.map((queue) => queue.addBulk(chunk)));
}
process.stdout.write(`${(performance.now() - began) / 1000}\n`);
process.exit(0);
