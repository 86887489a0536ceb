-- pools: the jobs among which a retention counts, where one state of ended jobs has several pools.
-- As long as all are of one pool there is no set for it, and nothing to pay: see lib/retention.lua.
-- {q}:pools has the names of the sets: a state, ':' and a pool.

-- Jobs leave their state.
local function pools_leave(base, ids, first, last)
  for _, name in ipairs(redis.call('SMEMBERS', base .. 'pools')) do
    redis.call('ZREM', base .. 'pool:' .. name, unpack(ids, first, last))
  end
end

-- Puts jobs, by pairs of a score and an id, into a pool. Answers its set.
local function pools_join(base, state, pool, members)
  local name = state .. ':' .. pool
  redis.call('SADD', base .. 'pools', name)
  redis.call('ZADD', base .. 'pool:' .. name, unpack(members))
  return base .. 'pool:' .. name
end

-- Since when a state has several pools, '' if it has one; and the pool of all that ended before.
-- of: meta.<state>_of.
local function pools_since(of)
  return string.match(of or '=', '^(%d*)=(.*)$')
end
