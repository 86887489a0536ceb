-- reconcile: what a worker holds, and what it believes to hold.

-- Answers which of the known jobs are held, and what the others have in `running`.
local function reconcile_known(running, known)
  local held, kept, unknown = redis.call('HGETALL', running), {}, {}
  for i = 1, #held, 2 do
    if known[held[i]] then
      kept[#kept + 1] = held[i]
    else
      unknown[#unknown + 1], unknown[#unknown + 2] = held[i], held[i + 1]
    end
  end
  return kept, unknown
end

-- Jobs that a worker holds unbeknown to it go back to their places, or end as
-- cancelled. Answers whether there are any.
local function reconcile_back(q, unknown, now)
  local any = #unknown > 0
  local ids, members = running_members(cancels_sift(q, unknown, 1, #unknown / 2, 2))
  cancels_end(q, q.running, now)
  if #ids == 0 then
    return any
  end
  groups_back(q, members, now)
  running_expired(q.expiring, ids)
  redis.call('HDEL', q.running, unpack(ids))
  events_add(q.events, q.kept, 'released', ids)
  return any
end
