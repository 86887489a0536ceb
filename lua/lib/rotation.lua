-- rotation: a fetch from a queue with groups, which few are: see lib/groups.lua. The next turn is the one
-- with the least pass; all jobs without a group are one more group. The file is the body of rotation_part:
-- only a fetch that calls it makes these helpers.

-- How many jobs of a group that stands apart are read at once, and how many groups at least.
local ROTATION_STEP, ROTATION_SETS = 16, 100

-- How often a fetch begins again that has only found groups without jobs.
local ROTATION_TRIES = 20

-- How many turns of groups that may not go are taken back in a fetch.
local ROTATION_KEPT = 200

-- Beyond this, passes begin anew when nothing waits.
local ROTATION_END = 1125899906842624

-- Notes the pass of the last turn, if that is ahead. Passes that aren't ahead of it say nothing: as many
-- go as came, about, or all if no job is left.
local function rotation_note(q, turned)
  local passes, pass = q.base .. 'passes', math.max(turned.pass, tonumber(q.pass or 0))
  if turned.left == 0 then
    pass = math.max(pass, tonumber(redis.call('ZRANGE', passes, -1, -1, 'WITHSCORES')[2] or 0))
    redis.call('UNLINK', passes)
    if pass > ROTATION_END then
      pass = 0
      redis.call('HDEL', q.meta, 'plain_pass')
    end
  else
    local behind = redis.call('ZCOUNT', passes, '-inf', pass)
    if behind > 0 then
      redis.call('ZREMRANGEBYRANK', passes, 0, math.min(behind, 2 * turned.taken + 100) - 1)
    end
  end
  redis.call('HSET', q.meta, 'pass', string.format('%.0f', pass))
end

-- A group that stands apart: one with limits may have no room. It is held then, if it is to have turns of
-- its own; jobs that have some stay in its set.
local function rotation_set(q, r, group)
  local set = { group = group, pass = q.apart[group], jobs = {}, came = {}, at = 1, arrival = 1, read = 0,
    room = math.huge }
  r.sets[group] = set
  if q.limits[group] or q.throttled[group] then
    local till = q.until_when[group]
    set.limited = true
    if till then set.room = 0 else set.room, till = group_limits_room(q, group, r.exact) end
    set.shut = set.room == 0
    if set.shut and q.known[group] and not q.until_when[group] then
      group_limits_hold(q, group, till)
      r.changed = true
    end
  elseif q.until_when[group] then
    set.room, set.shut = 0, true
  end
  if q.known[group] and not set.shut then r.apart[#r.apart + 1] = set end
end

-- The groups that stand apart: those with the first turns, and those of the jobs that have turns.
local function rotation_sets(q, r, n)
  local apart, ids = redis.call('ZRANGEBYSCORE', q.base .. 'groups', '-inf', '(' .. LANES_HELD, 'LIMIT', 0,
    math.max(n, ROTATION_SETS)), {}
  if #apart == 0 and q.grouped ~= '2' and redis.call('EXISTS', q.base .. 'groups') == 0 then
    return
  end
  for i = 1, #r.turns, 2 do
    ids[#ids + 1] = r.turns[i]
  end
  local of, since = {}, {}
  if #ids > 0 then of, since = group_of_ids(q, ids) end
  for i, group in ipairs(of) do
    if group then
      r.since[ids[i]], r.group[ids[i]], apart[#apart + 1] = since[i], group, group
    end
  end
  if #apart == 0 then
    return
  end
  groups_read(q, apart)
  for _, group in ipairs(apart) do
    if q.apart[group] and not r.sets[group] then rotation_set(q, r, group) end
  end
  table.sort(r.apart, function(one, other) return one.pass < other.pass end)
end

-- The next turns of each kind, n at most.
local function rotation_begin(q, n, exact)
  local weight = redis.call('HGET', q.base .. 'weights', '')
  local r = {
    turns = redis.call('ZRANGEBYSCORE', q.waiting, '-inf',
      string.format('(%.0f', -LANES_BELOW), 'WITHSCORES', 'LIMIT', 0, n),
    turn = 1, plain = rooms_plain(q, n), next = 1, apart = {}, sets = {}, since = {}, group = {},
    -- Of jobs by id: their ranks, turns of their own, whose turn theirs is by now, and those that went.
    rank = {}, own = {}, owner = {}, gone = {},
    -- Groups that had turns, and no job.
    idle = {},
    plain_pass = math.max(tonumber(q.pass or 0), tonumber(q.plain_pass or 0)),
    plain_stride = math.floor(GROUPS_STRIDE / (weight or 1)),
    -- Whether groups were held, or jobs were put into sets, so that another look may find more.
    exact = exact, changed = false, skipped = false,
  }
  rotation_sets(q, r, n)
  return r
end

-- The next job of a group that stands apart: the first of its set, or of those that have turns and are
-- in none yet, which came in their order.
local function rotation_first(q, set)
  if set.at > #set.jobs and not set.over then
    local some = redis.call('ZRANGE', q.base .. 'waiting:' .. set.group, set.read,
      set.read + ROTATION_STEP - 1, 'WITHSCORES')
    for i = 1, #some, 2 do
      set.jobs[#set.jobs + 1] = { id = some[i], rank = tonumber(some[i + 1]) }
    end
    set.read, set.over = set.read + #some / 2, #some < 2 * ROTATION_STEP
  end
  local job, came = set.jobs[set.at], set.came[set.arrival]
  if came and (not job or came.rank < job.rank or (came.rank == job.rank and came.id < job.id)) then
    set.arrival = set.arrival + 1
    return came
  end
  set.at = set.at + 1
  return job
end

-- The job of this id, which has a turn, may go in any turn of its group. Answers it if it is new in the
-- group's set.
local function rotation_enter(q, r, set, id)
  if r.rank[id] then
    return nil
  end
  r.rank[id] = tonumber(redis.call('ZSCORE', q.base .. 'waiting:' .. set.group, id) or nil)
  if r.rank[id] then
    return nil
  end
  r.rank[id] = ((redis.call('HGET', q.priority, id) or 0) + 1024) * q.step + r.since[id]
  local job = { id = id, rank = r.rank[id], since = r.since[id] }
  table.insert(set.came, job)
  return job
end

-- The job `id` had this turn, but `first` goes. So it has that job's turn from now on, if that has one.
local function rotation_shift(q, r, id, first)
  local own = r.own[first]
  if own == nil then
    local score = redis.call('ZSCORE', q.waiting, first)
    own = tonumber(score) < -LANES_BELOW and { score = score, id = first }
  end
  r.own[id], r.own[first] = own, false
  if own then r.owner[own.id] = id end
  return { id = id, score = own and own.score or lanes_below(r.rank[id]) }
end

-- The group of a job that has a turn may not go: from now on the job is in the group's set alone.
local function rotation_keep(q, r, set, id, pass)
  local came = rotation_enter(q, r, set, id)
  if came then
    set.came[#set.came] = nil
    groups_join(q, set.group, { string.format('%.0f', came.rank), id }, came.since)
  end
  redis.call('ZADD', q.waiting, lanes_below(r.rank[id]), id)
  if not q.until_when[set.group] then
    local _, till = group_limits_room(q, set.group, r.exact)
    group_limits_hold(q, set.group, till)
    q.until_when[set.group] = till
  end
  q.kept_turns[#q.kept_turns + 1] = { group = set.group, pass = pass, stride = q.strides[set.group] }
  r.changed = true
end

-- Turns that were not for their groups' jobs are over, if others have gone behind them. The others are the
-- groups' again, once they may go.
local function rotation_return(q, last)
  local sooner, passes = {}, q.base .. 'passes'
  for _, turn in ipairs(q.kept_turns) do
    if turn.pass > last then sooner[turn.group] = (sooner[turn.group] or 0) + turn.stride end
  end
  for group, by in pairs(sooner) do
    local pass = redis.call('ZSCORE', passes, group)
    if pass then redis.call('ZADD', passes, string.format('%.0f', pass - by), group) end
  end
end

-- A turn that a job has: if its group stands apart, the first of its jobs goes.
local function rotation_turn(q, r, pass)
  local id, score = r.turns[2 * r.turn - 1], r.turns[2 * r.turn]
  local set = r.sets[r.group[id]]
  r.turn, id = r.turn + 1, r.owner[id] or id
  if not set then
    return { id = id, mark = score, pass = pass }
  elseif set.shut and #q.kept_turns < ROTATION_KEPT then
    return rotation_keep(q, r, set, id, pass)
  elseif r.gone[id] or set.room == 0 then
    r.skipped = r.skipped or not r.gone[id]
    return nil
  end
  local came = rotation_enter(q, r, set, id)
  r.own[id] = false
  local job = rotation_first(q, set)
  local first = job.id
  r.gone[first], set.room = true, set.room - 1
  local shift = first ~= id and rotation_shift(q, r, id, first)
  return { id = first, mark = set.limited and lanes_below(job.rank) or score, pass = pass, set = set,
    came = came, shift = shift }
end

-- The first of the heap of groups that stand apart has a later pass, or is gone.
local function rotation_sink(heap)
  local n, at = #heap, 1
  while 2 * at <= n do
    local child = 2 * at
    if child < n and heap[child + 1].pass < heap[child].pass then child = child + 1 end
    if heap[at].pass <= heap[child].pass then break end
    heap[at], heap[child], at = heap[child], heap[at], child
  end
end

-- A turn of a group that stands apart.
local function rotation_apart(q, r)
  local set = r.apart[1]
  local job, pass = set.room > 0 and rotation_first(q, set), set.pass
  if not job then
    if set.room > 0 then r.idle[#r.idle + 1] = set.group end
    r.apart[1] = r.apart[#r.apart]
    r.apart[#r.apart] = nil
    rotation_sink(r.apart)
    return nil
  end
  r.gone[job.id] = true
  set.pass, set.room = pass + q.strides[set.group], set.room - 1
  rotation_sink(r.apart)
  return { id = job.id, mark = lanes_below(job.rank), pass = pass, set = set, after = set.pass }
end

-- The jobs of the next n turns. Those in lanes for which there is room have had theirs.
local function rotation_plan(q, r, n)
  local plan = {}
  for i, job in ipairs(rooms_sort(rooms_parked(q, n))) do
    if i <= n then plan[i] = { id = job.id, mark = job.rank, pass = 0 } end
  end
  while #plan < n do
    local turn, set, plain = r.turns[2 * r.turn], r.apart[1], r.plain[r.next]
    if not (turn or set or plain) then
      break
    end
    local pass = turn and (turn + GROUPS_BELOW) / 2 or math.huge
    local apart, other = set and set.pass or math.huge, plain and r.plain_pass or math.huge
    if pass <= apart and pass <= other then
      plan[#plan + 1] = rotation_turn(q, r, pass)
    elseif apart <= other then
      plan[#plan + 1] = rotation_apart(q, r)
    else
      plan[#plan + 1] = { id = plain.id, mark = plain.rank, pass = other, plain = true }
      r.next, r.plain_pass = r.next + 1, other + r.plain_stride
    end
  end
  return plan
end

-- What the first turns of a plan leave behind: jobs that are new in the sets of their groups, and places
-- in `waiting` of jobs that don't go.
local function rotation_leave(q, plan, ids)
  local taken, places, members = {}, {}, {}
  for i, id in ipairs(ids) do
    local turn = plan[i]
    taken[id] = true
    if turn.shift then places[turn.shift.id] = turn.shift.score end
  end
  for i = 1, #ids do
    local came = plan[i].came
    if came and not taken[came.id] then
      groups_join(q, plan[i].set.group, { string.format('%.0f', came.rank), came.id }, came.since)
    end
  end
  for id, score in pairs(places) do
    if not taken[id] then members[#members + 1], members[#members + 2] = score, id end
  end
  if #members > 0 then redis.call('ZADD', q.waiting, unpack(members)) end
end

-- Jobs of groups with limits have begun. Groups that have no room for more are held.
local function rotation_limit(q, r, plan, ids)
  local begun, sets = {}, {}
  for i, id in ipairs(ids) do
    local set = plan[i].set
    if set and set.limited then
      begun[set.group] = begun[set.group] or {}
      table.insert(begun[set.group], { id = id, since = r.since[id] })
      sets[set.group] = set
    end
  end
  if not next(begun) then
    return
  end
  group_limits_take(q, begun)
  for group in pairs(sets) do
    local room, till = group_limits_room(q, group, r.exact)
    if room == 0 and redis.call('ZSCORE', q.base .. 'groups', group) then
      group_limits_hold(q, group, till)
    end
  end
  group_limits_trim(q, r.exact, #ids)
end

-- Takes the jobs of the first turns of a plan.
local function rotation_carry_out(q, r, plan, ids)
  local after, passes, plain_pass = {}, {}, nil
  for i = 1, #ids do
    local turn = plan[i]
    if turn.plain then plain_pass = turn.pass + r.plain_stride end
    if turn.after then after[turn.set.group] = turn.after end
  end
  for group, pass in pairs(after) do
    q.passes[group] = pass
    passes[#passes + 1], passes[#passes + 2] = string.format('%.0f', pass), group
  end
  if #passes > 0 then redis.call('ZADD', q.base .. 'groups', unpack(passes)) end
  rotation_leave(q, plan, ids)
  redis.call('ZREM', q.waiting, unpack(ids))
  lanes_leave(q.base, ids)
  if q.grouped == '2' then rotation_limit(q, r, plan, ids) end
  if plain_pass then redis.call('HSET', q.meta, 'plain_pass', string.format('%.0f', plain_pass)) end
end

-- Forgets groups that had turns which were given back, and no job. Answers whether there were any.
local function rotation_clear(q, r)
  local gone = false
  for _, group in ipairs(r.idle) do
    if redis.call('EXISTS', q.base .. 'waiting:' .. group) == 0 then
      redis.call('ZREM', q.base .. 'groups', group)
      gone = true
    end
  end
  return gone
end

-- The plan of a fetch, made anew as long as it finds what may not go or isn't there.
local function rotation_final(q, n, now, exact, keyed)
  local r, plan, held, opened
  local tries = 0
  if keyed then keyed_open(q, n, now) end
  repeat
    if q.grouped == '2' then group_limits_due(q, now, ROTATION_SETS) end
    r, tries = rotation_begin(q, n, exact), tries + 1
    plan = rotation_plan(q, r, n)
    held = keyed and keyed_hold(q, r, plan, now)
    opened = keyed and not held and #plan < n and tries < ROTATION_TRIES
      and keyed_open(q, n - #plan, now, r.keys, 2 ^ (tries - 1))
    if held and tries == ROTATION_TRIES then plan = {} end
    local more = held or opened or r.changed and not r.skipped and #plan < n
      or #plan == 0 and rotation_clear(q, r)
  until not more or tries == ROTATION_TRIES
  -- Behind what had no room, others may wait.
  if tries == ROTATION_TRIES or r.skipped then q.group_look = now end
  return plan, r
end

-- As `pop_jobs`, for a queue that has or had jobs with groups. q.turned: what is to be noted of it.
local function rotation_pop(q, n, now, waiting, exact)
  q.note, q.kept_turns = rotation_note, {}
  local head = redis.call('ZRANGE', q.waiting, 0, 0, 'WITHSCORES')
  local keyed = q.grouped == '2' and redis.call('EXISTS', q.base .. 'keys_of') == 1
  if tonumber(head[2]) >= 0 and not keyed then
    if q.grouped == '2' then group_limits_end(q) end
    return pop_jobs(q, n, now)
  elseif not q.lanes and q.grouped ~= '2' and redis.call('EXISTS', q.base .. 'groups') == 0
    and redis.call('ZCOUNT', q.waiting, string.format('%.0f', -LANES_BELOW), '+inf') == 0 then
    local ids, marks, last = pop_jobs(q, n, now)
    if last then
      q.turned = { pass = (last + GROUPS_BELOW) / 2, taken = #ids, left = waiting - #ids }
    end
    return ids, marks
  end
  local plan, r = rotation_final(q, n, now, exact, keyed)
  local ids, marks = {}, {}
  for i, turn in ipairs(plan) do
    ids[i] = turn.id
  end
  q.cut = fit_drop(q, ids)
  local most = #ids
  local started = ':' .. (q.started or string.format('%.0f', now))
  for i, id in ipairs(ids) do
    marks[2 * i - 1], marks[2 * i] = id, plan[i].mark .. started
  end
  if most > 0 then
    if keyed then keyed_take(q, r, ids) end
    rotation_carry_out(q, r, plan, ids)
    rotation_clear(q, r)
    q.turned = { pass = plan[most].pass, taken = most, left = waiting - most }
  end
  if #q.kept_turns > 0 then
    rotation_return(q, math.max(tonumber(q.pass or 0), most > 0 and plan[most].pass or 0))
  end
  if q.grouped == '2' then
    q.group_look = q.group_look or group_limits_next(q)
    group_limits_end(q)
  end
  return ids, marks
end

return rotation_pop(...)
