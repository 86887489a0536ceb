--- results: how members of a group ended, as many as go into an answer.
--
-- KEYS  1 meta   HASH   {q}:meta
-- ARGV  1 base   2 the flow's key   3 the group   4 the first member   5 how many at most
--       6 '1' for the kinds alone
-- REPLY a list of outcomes, in order, '' for members that have not ended: of kinds, '#' and how often
--       such a one was sent again, if it was; nil if there is no such flow
-- ERR   none
-- USES  ticks, home
local function results(_, args)
  local name, first, members, found = home_flow(args[1], args[2]), tonumber(args[4]), {}, {}
  if redis.call('HEXISTS', name, 'state') == 0 then
    return false
  end
  for i = first, first + tonumber(args[5]) - 1 do
    members[#members + 1] = args[3] .. '.' .. i
  end
  local bytes, count, at = 0, 1, 1
  while at <= #members do
    local last, size = math.min(at + count, #members + 1) - 1, 0
    local again = args[6] == '1' and redis.call('HMGET', name .. ':again', unpack(members, at, last))
    for i, outcome in ipairs(redis.call('HMGET', name .. ':outcomes', unpack(members, at, last))) do
      -- What is read counts, though it may not be answered.
      size, bytes = math.max(size, #(outcome or '')), bytes + #(outcome or '')
      if again then
        outcome = outcome and string.sub(outcome, 1, 2) or again[i] and '#' .. again[i] or ''
      end
      found[#found + 1] = outcome or ''
    end
    at = last + 1
    -- As large as these, how many more fit into a mebibyte?
    count = math.min(500, math.floor((1048576 - bytes) / math.max(size, 16)))
    if count < 1 then break end
  end
  return found
end
