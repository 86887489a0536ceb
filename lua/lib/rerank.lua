-- rerank: a queue whose aging changes. Ranks of two scales can't stand in one order, so those of all
-- jobs that wait or are active change with it.

-- More jobs would keep the server from all else for too long.
local RERANK_MOST = 100000

-- How many change in one command.
local RERANK_STEP = 1000

-- The ranks of jobs, from one step to another.
local function rerank_texts(q, ids, ranks, now)
  local priorities, texts = rank_priorities(q.priority, ids), {}
  for i, rank in ipairs(ranks) do
    local priority = tonumber(priorities[i] or 0)
    texts[i] = rank_text(priority, q.new_step, rank_ready(rank, priority, q.step, now))
  end
  return texts
end

local function rerank_some(q, ids, ranks, apart, now)
  local texts, plain, lanes = rerank_texts(q, ids, ranks, now), {}, {}
  local of = redis.call('HMGET', q.base .. 'lane_of', unpack(ids))
  for i, id in ipairs(ids) do
    local list, text = plain, texts[i]
    if of[i] then
      lanes[of[i]] = lanes[of[i]] or {}
      list = lanes[of[i]]
    elseif apart[i] then
      text = lanes_below(text)
    end
    list[#list + 1], list[#list + 2] = text, id
  end
  if #plain > 0 then redis.call('ZADD', q.waiting, unpack(plain)) end
  lanes_put(q, lanes)
end

-- The sets of groups that stand apart.
local function rerank_groups(q, now)
  for _, group in ipairs(redis.call('ZRANGE', q.base .. 'groups', 0, -1)) do
    local set = q.base .. 'waiting:' .. group
    local all = redis.call('ZRANGE', set, 0, -1, 'WITHSCORES')
    for from = 1, #all, 2 * RERANK_STEP do
      local ids, ranks, members = {}, {}, {}
      for i = from, math.min(#all, from + 2 * RERANK_STEP - 1), 2 do
        ids[#ids + 1], ranks[#ranks + 1] = all[i], tonumber(all[i + 1])
      end
      for i, text in ipairs(rerank_texts(q, ids, ranks, now)) do
        members[2 * i - 1], members[2 * i] = text, ids[i]
      end
      redis.call('ZADD', set, unpack(members))
    end
  end
end

local function rerank_waiting(q, now)
  -- Turns of groups are no ranks, and stay as they are.
  local all = redis.call('ZRANGEBYSCORE', q.waiting, string.format('%.0f', -LANES_BELOW), '+inf',
    'WITHSCORES')
  for from = 1, #all, 2 * RERANK_STEP do
    local ids, ranks, apart = {}, {}, {}
    for i = from, math.min(#all, from + 2 * RERANK_STEP - 1), 2 do
      local score = tonumber(all[i + 1])
      local n = #ids + 1
      ids[n], ranks[n], apart[n] = all[i], lanes_rank(score), score < 0
    end
    rerank_some(q, ids, ranks, apart, now)
  end
end

local function rerank_running(q, running, now)
  local held = redis.call('HGETALL', running)
  for from = 1, #held, 2 * RERANK_STEP do
    local ids, ranks, apart, rests, changes = {}, {}, {}, {}, {}
    for i = from, math.min(#held, from + 2 * RERANK_STEP - 1), 2 do
      local score = tonumber(running_rank(held[i + 1]))
      if score >= -LANES_BELOW then
        local n = #ids + 1
        ids[n], ranks[n], apart[n] = held[i], lanes_rank(score), score < 0
        rests[n] = string.match(held[i + 1], ':.*$')
      end
    end
    for i, text in ipairs(#ids > 0 and rerank_texts(q, ids, ranks, now) or {}) do
      changes[2 * i - 1], changes[2 * i] = ids[i], (apart[i] and lanes_below(text) or text) .. rests[i]
    end
    if #ids > 0 then redis.call('HSET', running, unpack(changes)) end
  end
end

-- Refuses to change the ranks of too many jobs.
local function rerank_refusal(q)
  local jobs = redis.call('ZCARD', q.waiting) + active_count(q)
  if jobs > RERANK_MOST then
    return redis.error_reply(string.format('TOOLONG %d %d', jobs, RERANK_MOST))
  end
end

-- Changes all ranks from `q.step` to `q.new_step`.
local function rerank_all(q, now)
  rerank_waiting(q, now)
  rerank_groups(q, now)
  for _, worker in ipairs(redis.call('ZRANGE', q.workers, 0, -1)) do
    rerank_running(q, q.base .. 'running:' .. worker, now)
  end
end
