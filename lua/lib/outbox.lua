-- outbox: effects on other queues, written in the same step as what they follow from.

local function outbox_put(base, to, id, priority, record)
  redis.call('XADD', base .. 'outbox', '*', 'to', to, 'id', id, 'priority', priority, 'record',
    record)
end

-- Writes the block of ARGV at `at`, if there is one: n, then n times target, id, priority, record.
local function outbox_add(base, args, at)
  for i = at + 1, at + 4 * tonumber(args[at] or 0), 4 do
    outbox_put(base, args[i], args[i + 1], args[i + 2], args[i + 3])
  end
end
