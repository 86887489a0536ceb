-- group_since: since when jobs are ready that have turns of their groups: see lib/group_of.lua.

-- Since when jobs are ready.
local function group_since(q, ids)
  local since = redis.call('HMGET', q.base .. 'group_of', unpack(ids))
  for i, text in ipairs(since) do
    since[i] = text and tonumber(string.match(text, '^%d+')) or group_of_time(ids[i])
  end
  return since
end
