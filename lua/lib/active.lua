-- active: the jobs that workers hold.

-- How many runs all workers hold together.
local function active_count(q)
  local active = 0
  for _, worker in ipairs(redis.call('ZRANGE', q.workers, 0, -1)) do
    active = active + redis.call('HLEN', q.base .. 'running:' .. worker)
  end
  return active
end
