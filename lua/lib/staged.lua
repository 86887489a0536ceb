-- staged: parts of a flow that hasn't started.

local STAGED_PARTS = { '', ':groups', ':records', ':left', ':waits', ':names' }

-- Forgets what was staged under a name before, by a producer that died.
local function staged_clear(name)
  local parts = {}
  for i, part in ipairs(STAGED_PARTS) do
    parts[i] = name .. part
  end
  redis.call('UNLINK', unpack(parts))
end

-- Writes n pairs of a member and its record, and answers where the next block begins.
local function staged_records(name, args, at)
  local n = tonumber(args[at])
  if n > 0 then redis.call('HSET', name .. ':records', unpack(args, at + 1, at + 2 * n)) end
  return at + 2 * n + 1
end

-- The same for groups.
local function staged_groups(name, args, at)
  local n, texts, left, waits, names = tonumber(args[at]), {}, {}, {}, {}
  for i = at + 1, at + 5 * n, 5 do
    local group = args[i]
    texts[#texts + 1], texts[#texts + 2] = group, args[i + 1]
    left[#left + 1], left[#left + 2] = group, args[i + 2]
    if args[i + 3] ~= '0' then
      waits[#waits + 1], waits[#waits + 2] = group, args[i + 3]
    end
    if args[i + 4] ~= '' then
      names[#names + 1], names[#names + 2] = group, args[i + 4]
    end
  end
  if n > 0 then
    redis.call('HSET', name .. ':groups', unpack(texts))
    redis.call('HSET', name .. ':left', unpack(left))
    if #waits > 0 then redis.call('HSET', name .. ':waits', unpack(waits)) end
    if #names > 0 then redis.call('HSET', name .. ':names', unpack(names)) end
  end
  return at + 5 * n + 1
end

-- They lapse after this time; with '-' they don't any more.
local function staged_lapse(name, time)
  home_expire(name, STAGED_PARTS, time)
end

-- The fields of a flow that is started: pairs behind its id, which stands in ARGV at `at`.
local function staged_fields(args, at)
  local fields = {}
  for i = at + 1, #args, 2 do
    fields[args[i]] = args[i + 1]
  end
  return fields
end

-- Whether another flow has this id.
local function staged_is_held(base, flows, id, key)
  local holder = redis.call('HGET', flows, id)
  if not holder or holder == key then
    return false
  end
  if redis.call('EXISTS', home_flow(base, holder)) == 1 then
    return true
  end
  -- Its time is up.
  home_remove(base, holder)
  return false
end

-- A running flow gets a node that is this flow, which nothing waits for. Its policy is the other's.
local function staged_attach(base, outer, key, now)
  local w = flow_open(base, outer, now)
  if not w or w.state ~= 'running' then
    return redis.error_reply('FLOWENDED ' .. (w and w.state or 'gone'))
  end
  local group = redis.call('HINCRBY', w.name, 'groups', 1) - 1
  redis.call('HINCRBY', w.name, 'nodes', 1)
  redis.call('HINCRBY', w.name, 'left', 1)
  redis.call('HSET', w.name .. ':groups', group, '1 c 0 - - - =' .. key .. ' - -')
  redis.call('HSET', w.name .. ':left', group, 1)
  flowing_keep(w, key)
  flow_work(w, 's ' .. group)
  flowing_go(base, now)
  return 1
end

-- The refusal to start a flow of which parts are missing; nil if with those of this call all are
-- there, or more are to come.
local function staged_refusal(name, args, at)
  local nodes = tonumber(args[at])
  local next_at = at + 2 * nodes + 1
  local groups = tonumber(args[next_at])
  next_at = next_at + 5 * groups + 1
  local fields = staged_fields(args, next_at)
  if args[next_at]
    and (redis.call('HLEN', name .. ':records') + nodes ~= tonumber(fields.nodes)
      or redis.call('HLEN', name .. ':groups') + groups ~= tonumber(fields.groups)) then
    return redis.error_reply('LAPSED parts of the flow are missing')
  end
end

-- A job waits for the flow. If that has ended already, so does this.
local function staged_child(w, base, parent)
  local job = string.match(parent, '^=(%S+) ')
  local state = state_of({ base = base, workers = base .. 'workers' }, job)
  if state == 'waiting' or state == 'delayed' or state == 'active' then
    local children = base .. 'children'
    redis.call('HSET', children, job, (redis.call('HGET', children, job) or '') .. w.key .. ' ')
  else
    flow_work(w, 'l 0')
  end
end

-- Starts the flow: its id and its fields begin in ARGV at `at`. Among them `time` is how many ms it
-- may take.
local function staged_start(base, key, args, at, now)
  local name, fields = home_flow(base, key), staged_fields(args, at)
  -- One that is a node of another waits for that.
  redis.call('HSET', name, 'id', args[at], 'state', fields.within and 'held' or 'running', 'left',
    fields.nodes, 'created', string.format('%.0f', now), unpack(args, at + 1))
  if fields.within then
    staged_lapse(name, args[3])
    return fields.within == '' and 1 or staged_attach(base, fields.within, key, now)
  end
  staged_lapse(name, '-')
  layout_mark(base .. 'meta', redis.call('HGET', base .. 'meta', 'layout'))
  if args[at] ~= '' then
    redis.call('HSET', base .. 'flows', args[at], key)
    redis.call('HSET', base .. 'flow:ids', key, args[at])
  end
  flow_deadline(base, key, fields.time, fields.deadline, now)
  local w = flow_open(base, key, now)
  if fields.groups ~= '0' then
    -- Before any of it begins.
    flow_work(w, 'h 0')
    flow_work(w, 'b 0')
  end
  if fields.parent then staged_child(w, base, fields.parent) end
  flow_end(w)
  flowing_go(base, now)
  return 1
end
