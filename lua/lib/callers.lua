-- callers: calls whose request leaves the queue otherwise than by a run. The id of a request ends
-- with '@'. Its caller stands in its record, where the relay finds it.

-- The rest: more of what the relay needs to know, as pairs of a field and its value.
local function callers_tell(q, ids, reason, ...)
  for _, id in ipairs(ids) do
    local record = string.sub(id, -1) == '@' and redis.call('HGET', q.jobs, id)
    if record then
      outbox_put(q.base, '@', id, 0, record, 'gone', reason, ...)
    end
  end
end
