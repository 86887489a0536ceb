-- groups_back: jobs that go back before their runs have ended, also those that stood apart: see
-- lib/groups.lua.

-- Jobs go back to where they were. members: a flat list of their scores then, and ids.
local function groups_back(q, members)
  local ids, ranks, lists, known = {}, {}, {}, {}
  redis.call('ZADD', key_of(q, 'waiting'), unpack(members))
  for i = 1, #members, 2 do
    local score = tonumber(members[i])
    if score < 0 and score >= -LANES_BELOW then
      ids[#ids + 1], ranks[#ranks + 1] = members[i + 1], lanes_rank(score)
    end
  end
  if #ids == 0 then
    return
  end
  for i, group in ipairs(group_of_ids(q, ids)) do
    if group then
      known[#known + 1], lists[group] = group, lists[group] or {}
      table.insert(lists[group], string.format('%.0f', ranks[i]))
      table.insert(lists[group], ids[i])
    end
  end
  if #known > 0 then groups_read(q, known) end
  for group, list in pairs(lists) do
    groups_join(q, group, list)
  end
end
