#!lua name=marquee_v1
-- Who holds which seats of one show. The rules are those of `model/house.rs`, which the tests hold this against.
--
-- One key per show, a hash:
--   g v      generation and count: together the version          t T     a rebuild's generation, and when it began, in s
--   k r      readings begun; the last one that was taken in      c p     whether it is cancelled; the show's revision
--   n d      seats that are not free; when to look next, in us
--   h<place> the hold that has the seat
--   s<place> what the durable record says of it: c(laimed), b(ooked) or x (blocked), and when that was learnt, in k
--   H<hold>  user, who placed it, placed at, expiry, when to look at it, booking that pays for it or -, places
--   P<hold>  the payment under way, as it was given
--   U<user>  seats held, time spent, since when, seat-seconds spent, whether anything is held
--
-- Arguments of every function: channel, clock in us (0: this server's), version that the caller has seen, rules; then its
-- own. Every answer: word, now, version before, version after, seats not free, when to look next, changes
-- (`<place><letter>`, joined by commas), holds that lapsed, holds whose payment is overdue (`<hold>:<booking>`, joined by
-- commas), and what the function has to say.

local GENERATION = 4294967296
local SEAT_S_MIN = 20
-- An idle show is forgotten after this many seconds, and rebuilt when it is asked for.
local KEPT_S = 172800
-- A rebuild that took longer than this, in seconds, is taken to be given up.
local REBUILD_S = 2
-- Arguments that one call of Redis takes at a time.
local ARGUMENTS_MAX = 2000

local function int(number)
  return string.format('%.0f', number)
end

local function server_us()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

local function split(text)
  local words = {}
  for word in string.gmatch(text, '[^,]+') do
    words[#words + 1] = word
  end
  return words
end

local function rules_of(text)
  local rule = split(text)
  return {
    hold = tonumber(rule[1]), hold_max = tonumber(rule[2]), held_max = tonumber(rule[3]), guard = rule[4] == '1',
    budget = rule[5] ~= '0', budget_held = tonumber(rule[5]), budget_seat_s = tonumber(rule[6]), rest = tonumber(rule[7]),
    payment = tonumber(rule[8]),
  }
end

-- Calls `command` with any number of words after the key.
local function call_many(command, key, words)
  for from = 1, #words, ARGUMENTS_MAX do
    redis.call(command, key, unpack(words, from, math.min(from + ARGUMENTS_MAX - 1, #words)))
  end
end

local function status(held, sold)
  local letter = sold and string.sub(sold, 1, 1)
  if letter == 'b' or letter == 'x' then return letter end
  if letter == 'c' or held then return 'h' end
  return 'a'
end

local function note_change(show, place, before, after)
  if before == after then return end
  if before == 'a' then show.taken = show.taken + 1 end
  if after == 'a' then show.taken = show.taken - 1 end
  show.changed = true
  show.changes[place] = after
end

local function parse_hold(text)
  local user, by, placed_at, expiry, due, booking, places =
    string.match(text, '^(%S+) (%S+) (%d+) (%d+) (%d+) (%S+) (%S+)$')
  return {
    user = user, by = by, placed_at = tonumber(placed_at), expiry = tonumber(expiry), due = tonumber(due),
    booking = booking, paying = booking ~= '-', places = places,
  }
end

local function write_hold(show, id, hold)
  redis.call('HSET', show.key, 'H' .. id, table.concat({
    hold.user, hold.by, int(hold.placed_at), int(hold.expiry), int(hold.due), hold.booking, hold.places }, ' '))
  if show.due == 0 or hold.due < show.due then show.due = hold.due end
end

-- The hold, if it is alive and `user` may use it.
local function find_hold(show, id, user)
  local text = redis.call('HGET', show.key, 'H' .. id)
  local hold = text and parse_hold(text)
  if hold and (hold.user == user or hold.by == user) then return hold end
end

local function parse_patron(text)
  local held, spent, since, seat_s, holds = string.match(text, '^(%d+) (%d+) (%d+) (%d+) (%d)$')
  return {
    held = tonumber(held), spent = tonumber(spent), since = tonumber(since), seat_s = tonumber(seat_s), holds = holds == '1',
  }
end

local function write_patron(show, user, patron)
  redis.call('HSET', show.key, 'U' .. user, table.concat({
    int(patron.held), int(patron.spent), int(patron.since), int(patron.seat_s), patron.holds and '1' or '0' }, ' '))
end

local function spent_at(patron, now)
  return patron.spent + (patron.holds and math.max(now - patron.since, 0) or 0)
end

local function has_rested(patron, rules, now)
  return not patron.holds and patron.since + rules.rest <= now
end

-- Seconds to wait when the budget is spent.
local function cool_down_s(patron, rules, now)
  if has_rested(patron, rules, now) then
    patron.spent, patron.seat_s, patron.since, patron.holds = 0, 0, now, false
  end
  if spent_at(patron, now) < rules.budget_held and patron.seat_s < rules.budget_seat_s then return nil end
  local rest_from = patron.holds and now or patron.since
  return math.max(math.floor((rest_from + rules.rest - now) / 1000000), 0) + 1
end

-- Ends a hold: 'lapsed' and 'released' count against its user, 'failed' and 'booked' do not.
local function end_hold(show, id, hold, ending)
  local places = split(hold.places)
  local fields, gone = {}, { 'H' .. id, 'P' .. id }
  for at, place in ipairs(places) do
    fields[at] = 's' .. place
    gone[#gone + 1] = 'h' .. place
  end
  local sold = redis.call('HMGET', show.key, unpack(fields))
  for at, place in ipairs(places) do
    note_change(show, place, status(true, sold[at]), status(false, sold[at]))
  end
  redis.call('HDEL', show.key, unpack(gone))
  local text = redis.call('HGET', show.key, 'U' .. hold.user)
  if not text then return end
  local patron = parse_patron(text)
  patron.held = math.max(patron.held - #places, 0)
  local ended_at = math.min(show.now, hold.expiry)
  if ending == 'lapsed' or ending == 'released' then
    local time_s = math.max(math.floor((ended_at - hold.placed_at) / 1000000), SEAT_S_MIN)
    patron.seat_s = patron.seat_s + time_s * #places
  else
    patron.since = show.now
  end
  if patron.held == 0 then
    patron.spent = spent_at(patron, ended_at)
    patron.holds, patron.since = false, ended_at
  end
  write_patron(show, hold.user, patron)
end

-- Ends every hold that nobody is paying for and whose time is over; of a cancelled show, every one. Names those whose
-- payment should have ended by now. Forgets patrons with nothing left to remember.
local function lapse(show)
  local rules = rules_of(show.rules)
  local all = redis.call('HGETALL', show.key)
  local over, forgotten = {}, {}
  show.due = 0
  for at = 1, #all, 2 do
    local field, text = all[at], all[at + 1]
    local kind = string.byte(field)
    if kind == 72 then -- H
      local id, hold = string.sub(field, 2), parse_hold(text)
      if not hold.paying and (hold.due <= show.now or show.cancelled) then
        over[#over + 1] = { id, hold }
      else
        if hold.due <= show.now then
          show.overdue[#show.overdue + 1] = id .. ':' .. hold.booking
          hold.due = show.now + rules.payment
          write_hold(show, id, hold)
        elseif show.due == 0 or hold.due < show.due then
          show.due = hold.due
        end
      end
    elseif kind == 85 then -- U
      local patron = parse_patron(text)
      local spent = patron.spent > 0 or patron.seat_s > 0
      if patron.held == 0 and not (rules.budget and spent and not has_rested(patron, rules, show.now)) then
        forgotten[#forgotten + 1] = field
      end
    end
  end
  -- In the order in which they lapsed: a patron's rest begins with the last of them.
  table.sort(over, function(one, other)
    if one[2].expiry == other[2].expiry then return one[1] < other[1] end
    return one[2].expiry < other[2].expiry
  end)
  for _, one in ipairs(over) do
    end_hold(show, one[1], one[2], 'lapsed')
  end
  show.lapsed = show.lapsed + #over
  if #forgotten > 0 then call_many('HDEL', show.key, forgotten) end
end

-- The show as of now; nil when this server has lost it, or never had it, or it is being rebuilt.
local function open(keys, args)
  local key = keys[1]
  local read = redis.call('HMGET', key, 'g', 'v', 'n', 'd', 't', 'c')
  if not read[1] or read[5] then return nil end
  local generation, count = tonumber(read[1]), tonumber(read[2])
  local version = generation * GENERATION + count
  -- A replica that took over may be behind what the caller has seen.
  if version < tonumber(args[3]) then return nil end
  local now = tonumber(args[2])
  if now == 0 then now = server_us() end
  local due = tonumber(read[4])
  local show = {
    key = key, channel = args[1], rules = args[4], now = now, generation = generation, count = count, before = version,
    taken = tonumber(read[3]), due = due, due_before = due, cancelled = read[6] == '1', changes = {}, lapsed = 0, overdue = {},
  }
  if due > 0 and due <= now then lapse(show) end
  return show
end

local function lost(key)
  local began = tonumber(redis.call('HGET', key, 'T') or '0')
  local rebuilding = began > 0 and server_us() / 1000000 - began < REBUILD_S
  return { rebuilding and 'rebuilding' or 'lost', 0, 0, 0, 0, 0, '', 0, '' }
end

local function changes_of(show)
  local words = {}
  for place, letter in pairs(show.changes) do
    words[#words + 1] = place .. letter
  end
  return table.concat(words, ',')
end

local function publish(show, after, changes)
  local id = string.match(show.key, '{(.-)}')
  redis.call('PUBLISH', show.channel, table.concat({
    id, int(show.before), int(after), int(show.taken), int(show.due), int(show.now), changes }, ' '))
end

-- Writes what changed down under a version of its own, tells the other nodes, and answers.
local function seal(show, word, ...)
  local changes = ''
  if show.changed then
    show.count = show.count + 1
    changes = changes_of(show)
    redis.call('HSET', show.key, 'v', int(show.count), 'n', int(show.taken), 'd', int(show.due))
  elseif show.due ~= show.due_before then
    redis.call('HSET', show.key, 'd', int(show.due))
  end
  local after = show.generation * GENERATION + show.count
  if show.changed then publish(show, after, changes) end
  return {
    word, show.now, show.before, after, show.taken, show.due, changes, show.lapsed, table.concat(show.overdue, ','), ...
  }
end

local function register(name, body)
  redis.register_function('marquee_v1_' .. name, function(keys, args)
    local show = open(keys, args)
    if not show then return lost(keys[1]) end
    return body(show, unpack(args, 5))
  end)
end

-- Every seat that is not free, as the changes.
register('snapshot', function(show)
  local answer = seal(show, 'ok')
  local held, sold, seats = {}, {}, {}
  local all = redis.call('HGETALL', show.key)
  for at = 1, #all, 2 do
    local kind, place = string.byte(all[at]), string.sub(all[at], 2)
    if kind == 104 then held[place] = true elseif kind == 115 and place ~= '' then sold[place] = all[at + 1] end
  end
  for place in pairs(held) do seats[place] = status(true, sold[place]) end
  for place, text in pairs(sold) do seats[place] = status(held[place], text) end
  local words = {}
  for place, letter in pairs(seats) do
    if letter ~= 'a' then words[#words + 1] = place .. letter end
  end
  answer[7] = table.concat(words, ',')
  return answer
end)

-- What is due, and nothing else.
register('lapse', function(show)
  return seal(show, 'ok')
end)

register('place', function(show, id, user, by, places_text)
  if show.cancelled then return seal(show, 'cancelled') end
  local known = redis.call('HMGET', show.key, 'U' .. user, 'H' .. id)
  -- Asked before, by who lost the connection before the answer came.
  if known[2] then return seal(show, 'ok', int(parse_hold(known[2]).expiry)) end
  local rules, places = rules_of(show.rules), split(places_text)
  local patron = known[1] and parse_patron(known[1])
  local held = patron and patron.held or 0
  if rules.held_max > 0 and held + #places > rules.held_max then return seal(show, 'limit', int(held)) end
  local wait_s = patron and rules.budget and cool_down_s(patron, rules, show.now)
  if wait_s then return seal(show, 'budget', int(wait_s)) end
  local fields = {}
  for at, place in ipairs(places) do
    fields[2 * at - 1], fields[2 * at] = 'h' .. place, 's' .. place
  end
  local found, taken, holding = redis.call('HMGET', show.key, unpack(fields)), {}, {}
  for at, place in ipairs(places) do
    local before = status(found[2 * at - 1], found[2 * at])
    if before ~= 'a' then taken[#taken + 1] = place end
    holding[2 * at - 1], holding[2 * at] = 'h' .. place, id
  end
  if #taken > 0 and rules.guard then return seal(show, 'taken', table.concat(taken, ',')) end
  for at, place in ipairs(places) do
    note_change(show, place, status(found[2 * at - 1], found[2 * at]), status(true, found[2 * at]))
  end
  redis.call('HSET', show.key, unpack(holding))
  patron = patron or { held = 0, spent = 0, since = show.now, seat_s = 0, holds = false }
  patron.held = patron.held + #places
  if not patron.holds then patron.holds, patron.since = true, show.now end
  write_patron(show, user, patron)
  local expiry = show.now + math.min(rules.hold, rules.hold_max)
  write_hold(show, id, {
    user = user, by = by, placed_at = show.now, expiry = expiry, due = expiry, booking = '-', places = places_text })
  redis.call('EXPIRE', show.key, KEPT_S)
  return seal(show, 'ok', int(expiry))
end)

register('find', function(show, id, user)
  local hold = find_hold(show, id, user)
  if not hold then return seal(show, show.cancelled and 'cancelled' or 'none') end
  return seal(show, 'ok', int(hold.expiry))
end)

register('extend', function(show, id, user)
  local hold = find_hold(show, id, user)
  if not hold then return seal(show, show.cancelled and 'cancelled' or 'none') end
  -- Only a payment keeps it alive.
  if show.now >= hold.expiry then return seal(show, 'none') end
  local rules = rules_of(show.rules)
  hold.expiry = math.max(hold.expiry, math.min(show.now + rules.hold, hold.placed_at + rules.hold_max))
  if not hold.paying then hold.due = hold.expiry end
  write_hold(show, id, hold)
  redis.call('EXPIRE', show.key, KEPT_S)
  return seal(show, 'ok', int(hold.expiry))
end)

register('release', function(show, id, user)
  local hold = find_hold(show, id, user)
  if not hold or hold.paying then return seal(show, 'none') end
  end_hold(show, id, hold, 'released')
  return seal(show, 'ok')
end)

register('begin_payment', function(show, id, user, booking, attempt, on_sale)
  local hold = find_hold(show, id, user)
  if not hold then return seal(show, show.cancelled and 'cancelled' or 'none') end
  if hold.booking == booking then return seal(show, 'ok', int(hold.expiry)) end
  if hold.paying then return seal(show, 'paying', redis.call('HGET', show.key, 'P' .. id)) end
  if on_sale ~= '1' then return seal(show, 'closed') end
  hold.booking, hold.due = booking, show.now + rules_of(show.rules).payment
  write_hold(show, id, hold)
  redis.call('HSET', show.key, 'P' .. id, attempt)
  redis.call('EXPIRE', show.key, KEPT_S)
  return seal(show, 'ok', int(hold.expiry))
end)

register('end_payment', function(show, id, booking, outcome)
  local text = redis.call('HGET', show.key, 'H' .. id)
  if not text then return seal(show, 'none') end
  local hold = parse_hold(text)
  if hold.booking ~= booking then return seal(show, 'other') end
  if outcome == 'failed' then
    end_hold(show, id, hold, 'failed')
    return seal(show, 'ok')
  end
  if outcome == 'booked' then
    local places, fields, learnt = split(hold.places), {}, {}
    for at, place in ipairs(places) do fields[at] = 's' .. place end
    local sold = redis.call('HMGET', show.key, unpack(fields))
    local known_at = int(redis.call('HINCRBY', show.key, 'k', 1))
    for at, place in ipairs(places) do
      note_change(show, place, status(true, sold[at]), status(true, 'b'))
      learnt[2 * at - 1], learnt[2 * at] = fields[at], 'b' .. known_at
    end
    redis.call('HSET', show.key, unpack(learnt))
    end_hold(show, id, hold, 'booked')
    return seal(show, 'ok')
  end
  hold.booking, hold.due = '-', hold.expiry
  write_hold(show, id, hold)
  redis.call('HDEL', show.key, 'P' .. id)
  if hold.due <= show.now or show.cancelled then lapse(show) end
  return seal(show, 'ok')
end)

register('renew', function(show, revision, cancelled)
  if tonumber(revision) <= tonumber(redis.call('HGET', show.key, 'p') or '0') then return seal(show, 'ok') end
  redis.call('HSET', show.key, 'p', revision, 'c', cancelled)
  show.changed = true
  if cancelled == '1' then
    show.cancelled = true
    lapse(show)
  end
  return seal(show, 'ok')
end)

-- What is learnt from now on is newer than what the reading will find.
register('begin_reading', function(show)
  return seal(show, 'ok', int(redis.call('HINCRBY', show.key, 'k', 1)), int(show.generation))
end)

-- These places (`<place><letter>`, joined by commas), and no others, have a row in the durable record.
register('end_reading', function(show, reading, generation, rows)
  if tonumber(generation) ~= show.generation then return seal(show, 'lost') end
  reading = tonumber(reading)
  if reading < tonumber(redis.call('HGET', show.key, 'r') or '0') then return seal(show, 'ok') end
  local held, sold, found = {}, {}, {}
  local all = redis.call('HGETALL', show.key)
  for at = 1, #all, 2 do
    local kind, place = string.byte(all[at]), string.sub(all[at], 2)
    if kind == 104 then held[place] = true elseif kind == 115 and place ~= '' then sold[place] = all[at + 1] end
  end
  local learnt, gone = { 'r', int(reading) }, {}
  for _, row in ipairs(split(rows)) do found[string.sub(row, 1, -2)] = string.sub(row, -1) end
  for place, letter in pairs(found) do
    local before = sold[place]
    if not before or tonumber(string.sub(before, 2)) < reading then
      note_change(show, place, status(held[place], before), status(held[place], letter))
      learnt[#learnt + 1], learnt[#learnt + 2] = 's' .. place, letter .. int(reading)
    end
  end
  for place, before in pairs(sold) do
    if not found[place] and tonumber(string.sub(before, 2)) < reading then
      note_change(show, place, status(held[place], before), status(held[place], nil))
      gone[#gone + 1] = 's' .. place
    end
  end
  call_many('HSET', show.key, learnt)
  if #gone > 0 then call_many('HDEL', show.key, gone) end
  redis.call('EXPIRE', show.key, KEPT_S)
  return seal(show, 'ok')
end)

-- From here to `rebuild` nobody can do anything with the show.
redis.register_function('marquee_v1_begin_rebuild', function(keys, args)
  local key, generation = keys[1], tonumber(args[5])
  local read = redis.call('HMGET', key, 'g', 't', 'T', 'v')
  local now_s = server_us() / 1000000
  -- Somebody was faster: what is there is no older than what the caller has seen.
  if read[1] and not read[2] and read[1] * GENERATION + read[4] >= tonumber(args[3]) then return { 'built' } end
  if read[1] and tonumber(read[1]) >= generation then return { 'built' } end
  if read[2] and (tonumber(read[2]) > generation or now_s - tonumber(read[3]) < REBUILD_S) then return { 'rebuilding' } end
  redis.call('HSET', key, 't', args[5], 'T', int(math.floor(now_s)))
  redis.call('EXPIRE', key, KEPT_S)
  return { 'ok' }
end)

redis.register_function('marquee_v1_rebuild', function(keys, args)
  local key, generation = keys[1], args[5]
  if redis.call('HGET', key, 't') ~= generation then return lost(key) end
  local now = tonumber(args[2])
  if now == 0 then now = server_us() end
  local rows = split(args[8])
  local words = { 'g', generation, 'v', '1', 'k', '1', 'r', '1', 'n', int(#rows), 'd', '0', 'p', args[6], 'c', args[7] }
  for _, row in ipairs(rows) do
    words[#words + 1], words[#words + 2] = 's' .. string.sub(row, 1, -2), string.sub(row, -1) .. '1'
  end
  redis.call('DEL', key)
  call_many('HSET', key, words)
  redis.call('EXPIRE', key, KEPT_S)
  local show = { key = key, channel = args[1], before = 0, taken = #rows, due = 0, now = now }
  -- A star for the changes: everything may be different.
  local version = tonumber(generation) * GENERATION + 1
  publish(show, version, '*')
  return { 'ok', now, 0, version, #rows, 0, '', 0, '' }
end)
