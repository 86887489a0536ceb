-- delayed: a page of delayed jobs without those that wait for their children, which have a state of
-- their own: see lib/suspend.lua.

local DELAYED_STEP = 1000

-- All before the page are looked at, so many a command.
local function delayed_page(q, offset, count, reverse)
  local command, ids, at = reverse and 'ZREVRANGE' or 'ZRANGE', {}, 0
  while #ids < count do
    local some = redis.call(command, q.delayed, at, at + DELAYED_STEP - 1)
    if #some == 0 then break end
    local parents = redis.call('ZMSCORE', q.base .. 'waiting-children', unpack(some))
    for i, id in ipairs(some) do
      if not parents[i] and offset > 0 then
        offset = offset - 1
      elseif not parents[i] and #ids < count then
        ids[#ids + 1] = id
      end
    end
    at = at + DELAYED_STEP
  end
  return ids
end
