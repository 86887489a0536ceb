-- tags: words by which jobs are found without looking at all of them. The HASH {q}:tags is id → its
-- tags, a line each; the ZSET {q}:tag:<tag> has the ids of all jobs with that tag, all with score 0.
-- Jobs leave both with their records: see lib/columns.lua. meta.tagged is there once any job has had
-- tags, so that others need not look.

local function tags_put(q, id, text)
  redis.call('HSET', q.base .. 'tags', id, text)
  for tag in string.gmatch(text, '[^\n]+') do
    redis.call('ZADD', q.base .. 'tag:' .. tag, 0, id)
  end
  redis.call('HSET', q.meta, 'tagged', '1')
end
