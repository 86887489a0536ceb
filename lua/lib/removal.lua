-- removal: jobs leave the queue without a run.

-- Removes all that is left of jobs that have been taken out of their sets, and tells the callers
-- among them why; '' if they are still to be answered.
local function removal_finish(q, ids, kept, reason)
  redis.call('ZREM', q.base .. 'expiring', unpack(ids))
  if reason ~= '' then callers_tell(q, ids, reason) end
  columns_purge(q, ids)
  events_add(q.events, kept, 'removed', ids)
end
