-- handover: a worker has all the jobs that it wants, so it looks no more. Another one must, if
-- there is a reason. One wakes the next.

-- ready: whether jobs are left that may start; due: when the next delayed job is.
local function handover_full(q, ready, due, now)
  if ready and limits_leave_room(q) and not turn_watched(q, now) then
    wake_one(q.wake)
  else
    wake_at(q.wake, math.min(due or math.huge, q.other_lease or math.huge), now)
  end
end

-- The first job under a lease that ends while the others sleep: they must know when.
local function handover_lease(q, deadline)
  if not q.other_lease or deadline < q.other_lease then
    wake_one(q.wake)
  end
end
