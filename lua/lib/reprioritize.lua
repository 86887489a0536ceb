-- reprioritize: another priority for a job that has not ended.

-- A waiting job of this score gets its rank of another priority.
local function reprioritize_waiting(q, id, wanted, score, now)
  local lane = redis.call('HGET', q.base .. 'lane_of', id)
  local former = redis.call('HGET', q.priority, id) or 0
  local rank, group, since = lanes_rank(score), nil, nil
  if not lane and score < 0 then
    local of, times = group_of_ids(q, { id })
    group, since = of[1], times[1]
    if score < -LANES_BELOW then
      if wanted == 0 and tonumber(former) == 0 then return end
      rank = (former + 1024) * q.step + since
    end
  end
  -- The rank may belong to another priority, if that changed while the job was active.
  local text = rank_text(wanted, q.step, rank_ready(rank, former, q.step, now))
  if lane then
    lanes_put(q, { [lane] = { text, id } })
  elseif group then
    -- A turn that it has stays with it, unless others of its group may go before it.
    local apart = score >= -LANES_BELOW or wanted > 0
    if apart then groups_yield(q, { id }, { group }) end
    groups_read(q, { group })
    groups_join(q, group, { text, id }, since)
    if apart then redis.call('ZADD', q.waiting, lanes_below(text), id) end
  else
    redis.call('ZADD', q.waiting, text, id)
  end
end

-- `score` is the job's in `waiting`, if it waits. q: waiting, priority, base, step.
local function reprioritize(q, id, wanted, score, now)
  if score then reprioritize_waiting(q, id, wanted, tonumber(score), now) end
  if wanted == 0 then
    redis.call('HDEL', q.priority, id)
  else
    redis.call('HSET', q.priority, id, wanted)
  end
end
