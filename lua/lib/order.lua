-- order: jobs that go in an order that their ids don't have. Ties of rank fall to the id, which is right
-- for ids that the library makes. Here each job whose id comes before the last one's gets a rank of the
-- next ms, even if that is still to come, and what is added until then gets no earlier one.
-- meta.newest is the last such place: its ms, and the id that has it; none if any id may have it.

-- Whether an id goes before another of the same rank. Not by '<': that asks the server's locale.
local function order_before(id, other)
  for i = 1, math.min(#id, #other) do
    local one, two = string.byte(id, i), string.byte(other, i)
    if one ~= two then return one < two end
  end
  return #id < #other
end

local function order_read(newest, now)
  local ms, id = string.match(newest or '', '^(%d+) (.*)$')
  if not ms or tonumber(ms) < now then
    return { ms = now, id = '' }
  end
  return { ms = tonumber(ms), id = id }
end

-- The ms of the rank of the next job.
local function order_next(order, id)
  if order.id == '' or not order_before(order.id, id) then order.ms = order.ms + 1 end
  order.id = id
  return order.ms
end

local function order_note(meta, order)
  redis.call('HSET', meta, 'newest', string.format('%.0f', order.ms) .. ' ' .. order.id)
end

-- The ms of jobs whose ids have their order.
local function order_any(meta, newest, now)
  local order = newest and order_read(newest, now)
  if order and order.id ~= '' then
    order.ms, order.id = order.ms + 1, ''
    order_note(meta, order)
  end
  return order and order.ms or now
end
