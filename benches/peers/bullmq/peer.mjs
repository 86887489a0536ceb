// BullMQ on node. As its docs have it: jobs are removed when completed by the worker's option, concurrency
// by the worker's option, many jobs by addBulk. The tasks and answers are those of ../../peer.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { Queue, Worker } from "bullmq";
import Redis from "ioredis";

const TASKS = 1000;
const BATCH = { bulk: 1000, bulk100: 100 };
const PAUSE = 5;
const LOST = 10_000;

const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const now = () => performance.timeOrigin + performance.now();
const payload = (index, bytes) => String(index).padStart(10, "0").padEnd(bytes, "x");

const connection = new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
const queue = new Queue("bench", { connection });
await queue.waitUntilReady();

function dueMs(task, index) {
  return task.kind === "due" ? task.from_ms + (task.within_ms * index) / task.jobs : undefined;
}

function job(task, index) {
  const opts = {};
  const due = dueMs(task, index);
  if (due !== undefined) opts.delay = Math.max(0, Math.round(due - Date.now()));
  if (task.kind === "fail_once") opts.attempts = 2;
  if (task.kind === "priorities") opts.priority = index % 5;
  return { name: "job", data: payload(index, task.bytes), opts };
}

const addOne = ({ name, data, opts }) => queue.add(name, data, opts);

async function add(task) {
  const began = now();
  if (task.how === "one") {
    for (let at = 0; at < task.jobs; at++) await addOne(job(task, at));
  } else if (task.how === "tasks") {
    const one = async (from) => {
      for (let at = from; at < task.jobs; at += TASKS) await addOne(job(task, at));
    };
    await Promise.all(Array.from({ length: TASKS }, (_, from) => one(from)));
  } else {
    const batch = BATCH[task.how];
    for (let from = 0; from < task.jobs; from += batch) {
      const size = Math.min(batch, task.jobs - from);
      await queue.addBulk(Array.from({ length: size }, (_, at) => job(task, from + at)));
    }
  }
  return { added: (now() - began) / 1000 };
}

// What Tally is in the Rust contestants.
function tally(jobs, failOnce) {
  const runs = new Uint8Array(jobs);
  const began = new Float64Array(jobs);
  const account = { runs, began, ran: 0, last: 0 };
  account.run = (text) => {
    const index = Number(text.slice(0, 10));
    account.last = now();
    if (runs[index]++ === 0) began[index] = account.last;
    account.ran++;
    return !failOnce || runs[index] > 1;
  };
  return account;
}

function done(account, waits) {
  const counts = Array.from(account.runs, (runs) => Math.min(runs, 9)).join("");
  return { done: { counts, last_ms: account.last, waits: percentiles(waits) } };
}

function percentiles(waits) {
  if (!waits || waits.length === 0) return null;
  const sorted = Float64Array.from(waits).sort();
  const at = (share) => sorted[Math.min(Math.ceil((sorted.length - 1) * share), sorted.length - 1)];
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}

async function work(slots, keep, account) {
  const run = async (job) => {
    if (!account.run(job.data)) throw new Error("the first run fails");
  };
  const worker = new Worker("bench", run, {
    connection,
    concurrency: slots,
    // -1 keeps all, 0 none, as it is with the tasks.
    removeOnComplete: { count: keep },
  });
  worker.on("error", (error) => process.stderr.write(`bullmq: ${error}\n`));
  return worker;
}

let stopped;

async function processJobs(task) {
  const account = tally(task.jobs, task.kind === "fail_once");
  const stop = new Promise((resolve) => (stopped = resolve));
  const worker = await work(task.slots, task.keep, account);
  let said = 0;
  const ticks = setInterval(() => {
    if (account.ran !== said) say({ ran: (said = account.ran) });
  }, 10);
  await stop;
  clearInterval(ticks);
  await worker.close();
  const late = [];
  if (task.kind === "due") {
    account.began.forEach((began, index) => began > 0 && late.push(began - dueMs(task, index)));
  }
  return done(account, late);
}

async function latency(task) {
  const account = tally(task.jobs, false);
  const worker = await work(task.slots, 0, account);
  await worker.waitUntilReady();
  await sleep(500);
  const added = new Float64Array(task.jobs);
  const one = (index) => queue.add("job", payload(index, task.bytes));
  if (task.per_second === 0) {
    for (let index = 0; index < task.jobs; index++) {
      added[index] = now();
      await one(index);
      const until = now() + LOST;
      while (account.ran <= index && now() < until) await sleep(1);
      await sleep(PAUSE);
    }
  } else {
    const [began, adds] = [now(), []];
    for (let index = 0; index < task.jobs; index++) {
      added[index] = began + (index * 1000) / task.per_second;
      while (now() < added[index]) await sleep(1);
      adds.push(one(index));
    }
    await Promise.all(adds);
  }
  const until = now() + LOST;
  while (account.ran < task.jobs && now() < until) await sleep(1);
  await worker.close();
  return done(account, Array.from(account.began, (began, index) => began - added[index]));
}

const TASK = { add, process: processJobs, latency };

const { version } = createRequire(import.meta.url)("bullmq/package.json");
say({ hello: { version, lacks: [] } });
for await (const line of createInterface({ input: process.stdin })) {
  const task = JSON.parse(line);
  if (task.task === "stop") {
    stopped?.();
    continue;
  }
  // Not awaited: a worker is stopped by a later line.
  TASK[task.task](task).then(say, (error) => say({ error: String(error) }));
}
process.exit(0);
