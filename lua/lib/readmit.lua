-- readmit: the steps of putting a job back into its queue. job: id, record, priority, due, ttl,
-- rule, key, tags, steps; and other, a text that no other arrival has. The record comes last: if a key has a
-- wrong type, the job comes again.

-- What is left of an ended job of this id goes.
local function readmit_replace(q, id)
  if redis.call('ZREM', q.completed, id) + redis.call('ZREM', q.failed, id)
    + redis.call('ZREM', q.base .. 'cancelled', id) > 0 then
    columns_purge(q, { id })
  end
end

-- What the runs of a job have recorded elsewhere: see lib/outbox.lua.
local function readmit_steps(q, id, text)
  local at = 1
  while at <= #text do
    local field, value, from = string.match(text, '^(%d+) (%d+) ()', at)
    redis.call('HSET', q.base .. 'steps:' .. id, string.sub(text, from, from + field - 1),
      string.sub(text, from + field, from + field + value - 1))
    at = from + field + value
  end
  if at > 1 then redis.call('SADD', q.listed, id) end
end

local function readmit_write(q, job, id)
  readmit_steps(q, id, job.steps)
  if job.priority ~= '0' then redis.call('HSET', q.priority, id, job.priority) end
  size_note(q.meta, redis.call('HGET', q.meta, 'largest'), #job.record)
  if job.tags ~= '' then tags_put(q, id, job.tags) end
  redis.call('HSET', q.jobs, id, job.record)
  return id
end

-- Puts a job into its place, and answers its id.
local function readmit_job(q, job, now)
  local id, due, ttl = job.id, math.max(now, tonumber(job.due) or 0), tonumber(job.ttl) or q.ttl
  readmit_replace(q, id)
  group_of_note(q, { [id] = group_of_record(job.record) }, true)
  keys_of_note(q, { id, job.record }, 0, 1)
  if due > now then
    redis.call('ZADD', q.delayed, string.format('%.0f', due), id)
  else
    -- In the order in which they come back, whatever their ids.
    q.order = q.order or order_read(q.newest, now)
    local rank = rank_text(job.priority, q.step, order_next(q.order, id))
    groups_ready(q, { rank, id }, { job.priority }, now)
  end
  unique_claim(q, id, job.key, job.rule)
  tries_due(q.base, id, due)
  if ttl then
    redis.call('ZADD', q.base .. 'expiring', string.format('%.0f', due + ttl), id)
    redis.call('HSET', q.meta, 'expiring', 1)
  end
  return readmit_write(q, job, id)
end

-- Keeps a job as failed whose id or key another job has, and answers under which id. It still knows
-- its key, which a retry claims.
local function readmit_failed(q, job, taken, outcome, now)
  -- Not before jobs that ended by a clock that was set back.
  local id, ended = job.id, string.format('%.0f', math.max(now, tonumber(q.ended) or 0))
  if taken then
    id = string.sub(id, 1, 111) .. '.' .. string.sub(redis.sha1hex(job.other), 1, 16)
  end
  readmit_replace(q, id)
  group_of_note(q, { [id] = group_of_record(job.record) }, true)
  keys_of_note(q, { id, job.record }, 0, 1)
  redis.call('HSET', q.outcomes, id, outcome)
  redis.call('ZADD', q.failed, ended, id)
  -- Of whose pool it was isn't known here.
  if pools_since(redis.call('HGET', q.meta, 'failed_of')) ~= '' then
    pools_join(q.base, 'failed', '', { ended, id })
  end
  if job.key ~= '' and string.match(job.rule, '^0') then redis.call('HSET', q.uniques, id, job.key) end
  return readmit_write(q, job, id)
end
