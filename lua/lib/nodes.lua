-- nodes: the members of a flow's groups: they are sent to their queues as jobs, and end.

-- The id of a member's job. By its '@' the scripts of its queue know that somebody waits for it.
local function nodes_job(w, member, again)
  return w.key .. '.' .. member .. (again and '.' .. again or '') .. '@'
end

local function nodes_put(w, group, member, id, record)
  local queue = graph_queue(group, member)
  if group.delay or group.wait ~= '- -' then
    local due = group.delay and string.format('%.0f', w.now + group.delay) or '-'
    local arrival = due .. ' ' .. group.wait .. ' - '
    outbox_put(w.base, queue, id, group.priority, record, 'arrival', arrival)
  else
    outbox_put(w.base, queue, id, group.priority, record)
  end
end

-- Which of some members have ended. Where outcomes are large they aren't read for that.
local function nodes_known(w, members)
  local outcomes, known = w.name .. ':outcomes', {}
  if w.read_cost == 1 then
    return redis.call('HMGET', outcomes, unpack(members))
  end
  for i, member in ipairs(members) do
    known[i] = redis.call('HEXISTS', outcomes, member) == 1
  end
  return known
end

-- Of members that are to be sent: how often they were sent before, and which have completed, if the
-- flow runs again.
local function nodes_before(w, group, members)
  local again, ended, kept = {}, {}, w.name .. ':kept'
  if redis.call('EXISTS', w.name .. ':again', kept) > 0 then
    again = redis.call('HMGET', w.name .. ':again', unpack(members))
    if redis.call('HEXISTS', kept, group.name) == 1 then
      ended = nodes_known(w, members)
      for i = 1, #members do
        if ended[i] then redis.call('HINCRBY', kept, group.name, -1) end
      end
    end
  end
  return again, ended
end

-- Begins the flow that is a group; or has it run again, all of it if it has completed.
local function nodes_begin_flow(w, group, member)
  flow_begin(w.base, group.flow, w.key .. '.' .. member, w.now)
  local inner = flow_open(w.base, group.flow, w.now)
  if not inner then
    -- It has been removed, or was lost.
    flow_work(w, 'o ' .. member .. ' 2')
  elseif inner.state ~= 'running' and inner.state ~= 'cancelling'
    and redis.call('HEXISTS', w.name .. ':again', member) == 1 then
    flow_revive(inner, inner.state == 'completed' and '*' or '-')
  end
end

-- Sends the next members of a group, as many as are `most` of a call's work. Answers how much that was,
-- and whether there are more.
local function nodes_send(w, group, most)
  if redis.call('HEXISTS', w.name .. ':over', group.name) == 1 then
    return 0, false
  end
  local sent = tonumber(redis.call('HGET', w.name .. ':sent', group.name) or 0)
  local fit = math.max(1, math.floor(most / w.cost))
  local last, members = math.min(sent + fit, group.members) - 1, {}
  local form = group.name .. '.%d'
  for i = sent, last do
    members[i - sent + 1] = string.format(form, i)
  end
  if #members > 0 and group.flow then
    nodes_begin_flow(w, group, members[1])
  elseif #members > 0 then
    local again, ended = nodes_before(w, group, members)
    local jobs, alone = {}, group.delay or group.wait ~= '- -' or group.queues
    for i, record in ipairs(redis.call('HMGET', w.name .. ':records', unpack(members))) do
      if not ended[i] then
        local id = nodes_job(w, members[i], again[i])
        if alone then nodes_put(w, group, members[i], id, record) end
        jobs[#jobs + 1], jobs[#jobs + 2] = id, record
      end
    end
    if not alone then outbox_many(w.base, group.queue, group.priority, jobs) end
  end
  redis.call('HSET', w.name .. ':sent', group.name, last + 1)
  return math.ceil(#members * w.cost), last + 1 < group.members
end

-- A group without members ends as it begins, and does so once.
local function nodes_none(w, group)
  if not graph_is_settled(w, group.name) then
    redis.call('HSET', w.name .. ':sent', group.name, 0)
    graph_done(w, group)
  end
end

-- Sends a member again.
local function nodes_send_again(w, member)
  local group = graph_group(w, string.match(member, '^%d+'))
  local record = redis.call('HGET', w.name .. ':records', member)
  if group and record then
    local again = redis.call('HGET', w.name .. ':again', member)
    nodes_put(w, group, member, nodes_job(w, member, again), record)
  end
end

-- Cancels the flow that is a group, if what runs is to end as well.
local function nodes_cancel_flow(w, group, how)
  local inner = string.byte(how) == 43 and flow_open(w.base, group.flow, w.now)
  if inner and inner.state == 'running' then
    flow_cancel(inner, 'why', redis.call('HGET', w.name, 'why') or '')
  end
end

-- Asks the queues of a group to cancel the jobs of some members that were sent and have not ended.
-- Answers the member to go on with; nil if there are no more.
local function nodes_cancel(w, group, first, how)
  local sent = tonumber(redis.call('HGET', w.name .. ':sent', group.name) or 0)
  local last, members = math.min(first + GRAPH_STEP, sent) - 1, {}
  if group.flow then
    return nodes_cancel_flow(w, group, how)
  end
  for i = first, last do
    members[#members + 1] = group.name .. '.' .. i
  end
  if #members == 0 then
    return nil
  end
  local ended = nodes_known(w, members)
  local again = redis.call('HMGET', w.name .. ':again', unpack(members))
  local queues, ids = {}, {}
  for i, member in ipairs(members) do
    local queue = graph_queue(group, member)
    if not ended[i] then
      if not ids[queue] then
        ids[queue], queues[#queues + 1] = {}, queue
      end
      table.insert(ids[queue], nodes_job(w, member, again[i]))
    end
  end
  local why = #queues > 0 and redis.call('HGET', w.name, 'why') or ''
  for _, queue in ipairs(queues) do
    outbox_put(w.base, queue, w.key, 0, table.concat(ids[queue], ' '), 'cancel', how .. why)
  end
  return last + 1 < sent and last + 1 or nil
end

-- The members among pairs of a member's job, without the flow's key, and its outcome, that have not
-- ended before; as pairs of a member and its outcome, and how many of each group, and its last. Those
-- that were not sent yet are left out: a failover has lost that they were, and they are sent again.
local function nodes_fresh(w, ends)
  local members, names, numbers, sent = {}, {}, {}, {}
  local seen, fresh, count, order, last = {}, {}, {}, {}, {}
  for i = 1, #ends, 2 do
    local at = #members + 1
    local member, name, number = string.match(ends[i], '^((%d+)%.(%d+))')
    members[at], names[at], numbers[at] = member or '', name or '', tonumber(number) or 0
    if not sent[names[at]] then
      sent[names[at]] = tonumber(redis.call('HGET', w.name .. ':sent', names[at]) or 0)
    end
  end
  local known = nodes_known(w, members)
  local again = redis.call('EXISTS', w.name .. ':again') == 1
      and redis.call('HMGET', w.name .. ':again', unpack(members)) or {}
  for i, member in ipairs(members) do
    local name = names[i]
    local asked = again[i] and member .. '.' .. again[i] or member
    if not known[i] and not seen[member] and numbers[i] < sent[name] and ends[2 * i - 1] == asked then
      if not count[name] then
        count[name], order[#order + 1] = 0, name
      end
      seen[member], count[name], last[name] = true, count[name] + 1, member
      fresh[#fresh + 1], fresh[#fresh + 2] = member, ends[2 * i]
    end
  end
  return fresh, count, order, last
end

local NODES_KINDS = { [0] = 'completed', 'failed', 'failed', 'cancelled' }

-- How a member ended, by its outcome.
local function nodes_kind(outcome)
  return NODES_KINDS[string.byte(outcome, 2)] or 'failed'
end

-- Counts some pairs by how they ended, and says so. Answers of each group whose members didn't all
-- complete the first that didn't, how many, and whether any of them failed.
local function nodes_kinds(w, fresh)
  local kinds, ids, bad = {}, {}, {}
  for i = 1, #fresh, 2 do
    local kind = nodes_kind(fresh[i + 1])
    local n = (kinds[kind] or 0) + 1
    kinds[kind], ids[kind] = n, ids[kind] or {}
    ids[kind][n] = nodes_job(w, fresh[i])
    if kind ~= 'completed' then
      local name = string.match(fresh[i], '^%d+')
      bad[name] = bad[name] or { member = fresh[i], n = 0 }
      bad[name].n, bad[name].died = bad[name].n + 1, bad[name].died or kind == 'failed'
    end
  end
  for _, kind in ipairs({ 'completed', 'failed', 'cancelled' }) do
    if kinds[kind] then
      flow_count(w, kind, kinds[kind])
      flow_event(w, 'node_' .. kind, table.concat(ids[kind], ' '))
    end
  end
  return bad
end

-- Members have ended: pairs as for nodes_fresh.
local function nodes_end(w, ends)
  local fresh, count, order, last = nodes_fresh(w, ends)
  if #fresh == 0 then
    return
  end
  redis.call('HSET', w.name .. ':outcomes', unpack(fresh))
  flow_measure(w, fresh)
  local bad = nodes_kinds(w, fresh)
  for _, name in ipairs(order) do
    local group, first = graph_group(w, name), bad[name]
    -- Once for all of them: what follows from the first follows from any.
    if first then
      redis.call('HINCRBY', w.name .. ':bad', name, first.n)
      graph_blame(w, group, first.member, first.n)
      if first.died then graph_death(w, group) end
      if name == w.root then flow_fail(w, first.member, group.policy) end
    end
    if redis.call('HINCRBY', w.name .. ':left', name, -count[name]) == 0 then
      graph_done(w, group, last[name])
    end
    if name == w.root then flow_say(w) end
  end
end
