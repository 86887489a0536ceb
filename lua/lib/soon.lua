-- soon: jobs that workers would have to look for, should others not look when they had meant to.

-- Whether a job waits, or falls due before idle workers look by themselves.
local function soon_any(waiting, base, now)
  return redis.call('EXISTS', waiting) == 1
    or redis.call('ZCOUNT', base .. 'delayed', '-inf', string.format('%.0f', now + WAKE_SLEEP)) > 0
end
