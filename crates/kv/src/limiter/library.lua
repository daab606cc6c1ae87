#!lua name=marquee_limits_v1
-- How often something may be done, counted by all nodes together: the generic cell rate algorithm.
--
-- One key per quota and whoever it is counted for: the instant, in us, at which all of the burst may be done again. It goes by
-- itself then. Arguments: clock in us (0: this server's), burst, us until one more may be done, how many.
-- Answers: us to wait, 0 for none.

local function int(number)
  return string.format('%.0f', number)
end

local function close(limit, full_at)
  full_at = math.min(full_at, limit.furthest)
  if full_at <= limit.now then
    redis.call('DEL', limit.key)
  else
    redis.call('SET', limit.key, int(full_at), 'PX', int(math.ceil((full_at - limit.now) / 1000)))
  end
  return full_at
end

local function open(keys, args)
  local now = tonumber(args[1])
  if now == 0 then
    local time = redis.call('TIME')
    now = tonumber(time[1]) * 1000000 + tonumber(time[2])
  end
  local burst, every = tonumber(args[2]), tonumber(args[3])
  local limit = {
    key = keys[1], now = now, every = every, count = tonumber(args[4]),
    -- One may be done while the instant is at most so far ahead; and nobody goes deeper into debt than a second burst.
    most = (burst - 1) * every, furthest = now + 2 * burst * every,
  }
  local full_at = tonumber(redis.call('GET', limit.key) or '0')
  -- What lies further ahead was written before the clock was set back.
  if full_at > limit.furthest then full_at = close(limit, limit.furthest) end
  limit.full_at = math.max(full_at, now)
  return limit
end

local function wait(limit, full_at)
  return math.max(full_at - limit.now - limit.most, 0)
end

-- One, if it may be done.
redis.register_function('marquee_limits_v1_take', function(keys, args)
  local limit = open(keys, args)
  local wait_us = wait(limit, limit.full_at)
  if wait_us == 0 then close(limit, limit.full_at + limit.every) end
  return wait_us
end)

-- So many were done.
redis.register_function('marquee_limits_v1_count', function(keys, args)
  local limit = open(keys, args)
  return wait(limit, close(limit, limit.full_at + limit.count * limit.every))
end)

-- So many were not done after all.
redis.register_function('marquee_limits_v1_give_back', function(keys, args)
  local limit = open(keys, args)
  close(limit, limit.full_at - limit.count * limit.every)
  return 0
end)
