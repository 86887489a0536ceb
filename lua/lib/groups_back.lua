-- groups_back: jobs that go back before their runs have ended. One that has a turn of its group has it
-- again, and one that stood apart does so again. A job of a group that was in a lane, or was to expire,
-- takes a new turn. See lib/groups.lua.

-- Jobs that stood apart are in the sets of their groups again.
local function groups_back_apart(q, ids, ranks)
  local of, since = group_of_ids(q, ids)
  local known, plain = {}, {}
  for i, group in ipairs(of) do
    if group then
      known[#known + 1] = group
    else
      plain[#plain + 1], plain[#plain + 2] = string.format('%.0f', ranks[i]), ids[i]
    end
  end
  if #known > 0 then groups_read(q, known) end
  for i, group in ipairs(of) do
    if group then groups_join(q, group, { string.format('%.0f', ranks[i]), ids[i] }, since[i]) end
  end
  if #plain > 0 then redis.call('ZADD', key_of(q, 'waiting'), unpack(plain)) end
end

-- Jobs go back to where they were. members: a flat list of their scores then, and ids.
local function groups_back(q, members, now)
  local any = group_of_any(q)
  if not any then
    redis.call('ZADD', key_of(q, 'waiting'), unpack(members))
    return
  elseif any == '2' then
    local ids = {}
    for i = 2, #members, 2 do
      ids[i / 2] = members[i]
    end
    lanes_free(q.base, ids)
  end
  local ranked, places, apart, ranks = {}, {}, {}, {}
  for i = 1, #members, 2 do
    local score = tonumber(members[i])
    local list = score < 0 and places or ranked
    list[#list + 1], list[#list + 2] = members[i], members[i + 1]
    if score < 0 and score >= -LANES_BELOW then
      apart[#apart + 1], ranks[#ranks + 1] = members[i + 1], lanes_rank(score)
    end
  end
  if #places > 0 then redis.call('ZADD', key_of(q, 'waiting'), unpack(places)) end
  if #apart > 0 then groups_back_apart(q, apart, ranks) end
  if #ranked > 0 then
    local ids = {}
    for i = 2, #ranked, 2 do
      ids[i / 2] = ranked[i]
    end
    groups_ready(q, ranked, redis.call('HMGET', q.base .. 'priority', unpack(ids)), now)
  end
end
