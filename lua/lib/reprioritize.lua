-- reprioritize: another priority for a job that has not ended.

-- `score` is the job's in `waiting`, if it waits. q: waiting, priority, base, step.
local function reprioritize(q, id, wanted, score, now)
  if score then
    local lane = redis.call('HGET', q.base .. 'lane_of', id)
    local former = redis.call('HGET', q.priority, id) or 0
    -- The rank may belong to another priority, if that changed while the job was active.
    local ms = rank_ready(lanes_rank(tonumber(score)), former, q.step, now)
    if lane then
      lanes_put(q, { [lane] = { rank_text(wanted, q.step, ms), id } })
    else
      redis.call('ZADD', q.waiting, rank_text(wanted, q.step, ms), id)
    end
  end
  if wanted == 0 then
    redis.call('HDEL', q.priority, id)
  else
    redis.call('HSET', q.priority, id, wanted)
  end
end
