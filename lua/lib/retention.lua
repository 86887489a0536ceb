-- retention: what is kept of jobs that have ended. At most 1,000 go per call; the next call goes
-- on.

local RETENTION_STEP = 1000

-- When jobs end that end now. As long as the clock is behind the newest end, since it was set back, it
-- is a ms later each time: what ended last goes last.
local function retention_time(q, now)
  if not q.ended then
    return now
  elseif tonumber(q.ended) < now then
    redis.call('HDEL', q.meta, 'ended')
    q.ended = false
    return now
  end
  q.ended = q.ended + 1
  redis.call('HSET', q.meta, 'ended', string.format('%.0f', q.ended))
  return q.ended
end

-- From now on the jobs of a state are of several pools. Those that are there are of the first, and
-- need no set as long as they ended before all others; so those of this ms do.
local function retention_split(q, state, owner, now)
  redis.call('HSET', q.meta, state .. '_of', now .. '=' .. owner)
  q.owners[state] = now .. '=' .. owner
  q.plain, q.bare = false, false
  local from = 0
  repeat
    local ids, members = redis.call('ZRANGEBYSCORE', q[state], now, now, 'LIMIT', from, 1000), {}
    for i, id in ipairs(ids) do
      members[2 * i - 1], members[2 * i] = now, id
    end
    if #ids > 0 then pools_join(q.base, state, owner, members) end
    from = from + #ids
  until #ids < 1000
end

-- Jobs of a pool are about to end, by pairs of a score and an id. now: as text.
local function retention_pool(q, state, pool, members, now)
  local of = q.owners[state] or '='
  if of == '=' .. pool then
    return
  end
  local since, owner = pools_since(of)
  if since == '' then
    if redis.call('EXISTS', q[state]) == 0 then
      q.owners[state] = '=' .. pool
      redis.call('HSET', q.meta, state .. '_of', '=' .. pool)
      return
    end
    retention_split(q, state, owner, now)
  end
  pools_join(q.base, state, pool, members)
end

-- Removes these jobs. first: they are the first of their set.
local function retention_remove(c, set, ids, first)
  if #ids == 0 then
    return
  elseif first then
    redis.call('ZREMRANGEBYRANK', set, 0, #ids - 1)
  else
    redis.call('ZREM', set, unpack(ids))
  end
  if c.plain then redis.call('HDEL', c.outcomes, unpack(ids)) end
  columns_purge(c, ids)
end

-- The oldest `most` jobs of a set up to a score.
local function retention_oldest(set, last, most)
  return redis.call('ZRANGEBYSCORE', set, '-inf', last, 'LIMIT', 0, math.min(most, RETENTION_STEP))
end

-- Trims a pool to the newest `count` and to those younger than `age` ms; -1: no bound. trim: state,
-- pool, count, age.
local function retention_trim(c, trim, now)
  local set, pool, before = key_of(c, trim.state), nil, nil
  local since, owner = pools_since(c.owners[trim.state])
  if since ~= '' then
    pool = c.base .. 'pool:' .. trim.state .. ':' .. trim.pool
    before = owner == trim.pool and '(' .. since
  end
  if trim.age >= 0 then
    local last = string.format('%.0f', now - trim.age)
    retention_remove(c, set, retention_oldest(pool or set, last, RETENTION_STEP), not pool)
    if before then
      if tonumber(last) >= tonumber(since) then last = before end
      retention_remove(c, set, retention_oldest(set, last, RETENTION_STEP))
    end
  end
  if trim.count < 0 then
    return
  end
  local earlier = before and redis.call('ZCOUNT', set, '-inf', before) or 0
  local excess = earlier + redis.call('ZCARD', pool or set) - trim.count
  if earlier > 0 and excess > 0 then
    local ids = retention_oldest(set, before, excess)
    retention_remove(c, set, ids)
    excess = excess - #ids
    if #ids == RETENTION_STEP then return end
  end
  if excess > 0 then
    local last = math.min(excess, RETENTION_STEP) - 1
    retention_remove(c, set, redis.call('ZRANGE', pool or set, 0, last), not pool)
  end
end
