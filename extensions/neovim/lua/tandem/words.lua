--- How things are said.
local M = {}

local states = {
  diverting = 'starting the dev pod', resolving = 'resolving the environment',
  switching = 'switching traffic', stopping = 'giving the cluster back',
}

--- Null arrives as vim.NIL.
local function is(v) return v ~= nil and v ~= vim.NIL end

function M.say(text, level)
  vim.schedule(function() vim.notify('Tandem: ' .. text, level or vim.log.levels.INFO) end)
end

--- complain tells of an error in the server's words, with its hint.
function M.complain(what, err)
  local text = what .. ': ' .. (err.message or vim.inspect(err))
  local hint = type(err.data) == 'table' and err.data.hint
  if hint and hint ~= '' then
    text = text .. '\n  hint: ' .. hint
  end
  M.say(text, vim.log.levels.ERROR)
end

--- session is a session in a few words: "api: ready, 3 tunnels".
function M.session(s)
  local text = s.dev .. ': ' .. (states[s.state] or s.state)
  if s.state == 'ready' then
    text = ('%s, %d tunnels'):format(text, #s.tunnels)
  elseif s.state == 'reconnecting' and is(s.nextRetryAt) then
    text = text .. ', next try at ' .. s.nextRetryAt:match('T(%d+:%d+:%d+)')
  end
  return text
end

--- details are the lines of :TandemStatus.
function M.details(s)
  local lines = { M.session(s) }
  if is(s.cause) then
    table.insert(lines, '  ' .. s.cause.message)
    if is(s.cause.hint) and s.cause.hint ~= '' then
      table.insert(lines, '  hint: ' .. s.cause.hint)
    end
  end
  for _, t in ipairs(s.tunnels) do
    local from, to = t['local'], t.remote
    if t.kind == 'reverse' then
      from, to = 'cluster ' .. t.remote, t['local']
    end
    table.insert(lines, ('  %s → %s  %s, %d connections%s'):format(from, to, t.state, t.connections, is(t.error) and ', ' .. t.error or ''))
  end
  if is(s.process) then
    table.insert(lines, ('  process %d %s'):format(s.process.pid, s.process.state))
  end
  for _, w in ipairs(s.warnings) do
    table.insert(lines, '  ! ' .. w.message)
  end
  for _, w in ipairs(s.env.warnings) do
    table.insert(lines, '  ! ' .. w.message)
  end
  return lines
end

local tiers = { dev = 'the manifest', spec = "the workload's spec", image = "the image's ENV", service = 'a Service', injected = 'the runtime or a webhook' }

local function origin(o)
  if o.kind and o.object then
    return o.kind .. ' ' .. o.object .. (o.key and ', key ' .. o.key or '')
  end
  return (tiers[o.tier] or o.tier) .. (o.field and ', ' .. o.field or '')
end

local function one_line(text) return (text:gsub('\r', '␍'):gsub('\n', '␊')) end

--- variable is a variable on one line; without a value it is a Secret's.
function M.variable(v)
  local value = v.value and one_line(v.value) or v.unresolved and '(not known yet)' or '••••••••'
  return ('%s=%s  — %s'):format(v.name, value, origin(v.origin))
end

--- links_last puts what the kubelet adds for each Service, many and rarely looked at, to the end.
function M.links_last(variables)
  local own, links = {}, {}
  for _, v in ipairs(variables) do
    table.insert(v.origin.tier == 'service' and links or own, v)
  end
  return vim.list_extend(own, links)
end

--- explanation is what :TandemExplain shows.
function M.explanation(e)
  local lines = { e.name .. ': ' .. e.status }
  for _, step in ipairs(e.chain) do
    table.insert(lines, ('  %s: %s%s'):format(origin(step.origin), step.outcome, step.reason and ', ' .. step.reason or ''))
  end
  for _, reason in ipairs(e.reasons) do
    table.insert(lines, '  ' .. one_line(reason))
  end
  if is(e['local']) then
    table.insert(lines, '  in the local process: ' .. e['local'].reason)
  end
  for _, name in ipairs(e.similar) do
    table.insert(lines, '  did you mean ' .. name .. '?')
  end
  return lines
end

return M
