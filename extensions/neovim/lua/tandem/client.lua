--- The language client, and what the server has told of its sessions.
local words = require('tandem.words')

local M = {
  --- Snapshots by id; one that was overtaken on its way never replaces a newer one.
  sessions = {},
}

local config = { settings = {} }
local id -- of the client that runs
local devs = {} -- entries of the manifests: { manifest, dev, runnable }
local outputs = {} -- buffers by session id
local methods = {}

function M.configure(opts)
  config = vim.tbl_extend('force', { settings = {} }, opts)
end

--- The folder of the manifest that a file belongs to.
local function root_of(file)
  local dir = vim.fn.fnamemodify(file, ':p:h')
  return vim.fn.fnamemodify(dir, ':t') == '.okteto' and vim.fn.fnamemodify(dir, ':h') or dir
end

local function over(s) return s.state == 'stopped' or s.state == 'failed' end

local function take(s)
  local before = M.sessions[s.id]
  if before and before.seq > s.seq and not over(before) then
    return
  end
  M.sessions[s.id] = s
  if config.on_change then
    config.on_change(s)
  end
  vim.cmd('redrawstatus!')
end

local function append(buffer, text)
  local last = vim.api.nvim_buf_get_lines(buffer, -2, -1, false)[1] or ''
  local lines = vim.split(last .. text:gsub('\r', ''), '\n', { plain = true })
  vim.api.nvim_buf_set_option(buffer, 'modifiable', true)
  vim.api.nvim_buf_set_lines(buffer, -2, -1, false, lines)
  vim.api.nvim_buf_set_option(buffer, 'modifiable', false)
end

local function output_of(session)
  local buffer = outputs[session]
  if not buffer or not vim.api.nvim_buf_is_valid(buffer) then
    buffer = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(buffer, 'tandem://' .. session)
    vim.api.nvim_buf_set_option(buffer, 'modifiable', false)
    outputs[session] = buffer
  end
  return buffer
end

local handlers = {
  ['session/didChange'] = function(_, s) take(s) end,
  ['session/output'] = function(_, p) append(output_of(p.id), p.text) end,
  ['env/didChange'] = function(_, p)
    words.say(('the environment of %s has changed: %s'):format(p.id, table.concat(vim.list_extend(vim.list_extend(p.added, p.changed), p.removed), ', ')))
  end,
}

--- Asks for manifests and sessions, and then runs next.
local function refresh(next)
  M.request('manifest/list', vim.empty_dict(), function(err, r)
    devs = {}
    for _, m in ipairs(err and {} or r.manifests) do
      for _, d in ipairs(m.devs) do
        table.insert(devs, { manifest = m.uri, dev = d.name, runnable = d.runnable })
      end
    end
    M.request('session/list', vim.empty_dict(), function(failed, l)
      for _, s in ipairs(failed and {} or l.sessions) do
        take(s)
      end
      if next then
        next()
      end
    end)
  end)
end

--- attach makes the buffer of a manifest the server's, which is started where none runs.
function M.attach(buffer)
  M.start(root_of(vim.api.nvim_buf_get_name(buffer)))
  if id then
    vim.lsp.buf_attach_client(buffer, id)
  end
end

--- start starts the server for a folder unless one runs.
function M.start(root)
  if id and vim.lsp.get_client_by_id(id) then
    return id
  end
  local capabilities = vim.lsp.protocol.make_client_capabilities()
  id = vim.lsp.start_client({
    name = 'tandem',
    cmd = config.cmd or { 'tandem', 'serve', '--keep', '60s', '--keep-for', 'nvim:' .. root },
    root_dir = root,
    workspace_folders = { { uri = vim.uri_from_fname(root), name = vim.fn.fnamemodify(root, ':t') } },
    init_options = vim.tbl_isempty(config.settings) and vim.empty_dict() or config.settings,
    capabilities = capabilities,
    handlers = handlers,
    on_init = function(_, result)
      methods = {}
      local tandem = (result.capabilities.experimental or {}).tandem or {}
      for _, method in ipairs(tandem.methods or {}) do
        methods[method] = true
      end
      -- Later: the first request to a client must not be made from within on_init (Neovim 0.7).
      vim.schedule(refresh)
    end,
    on_exit = vim.schedule_wrap(function(code)
      id, M.sessions = nil, {}
      if code ~= 0 then
        words.say('the server ended with code ' .. code, vim.log.levels.WARN)
      end
    end),
  })
  return id
end

--- can says whether the server answers a method.
function M.can(method) return methods[method] == true end

--- request asks the server, which is started for the working directory where none runs.
function M.request(method, params, callback)
  local c = vim.lsp.get_client_by_id(id or M.start(root_of(vim.fn.getcwd() .. '/okteto.yml')) or -1)
  if not c then
    return callback({ message = 'the tandem server does not start' })
  end
  c.request(method, params, function(err, result)
    if result and result.seq and result.state then
      take(result)
    end
    callback(err, result)
  end, 0)
end

function M.all()
  local all = vim.tbl_values(M.sessions)
  table.sort(all, function(a, b) return a.id < b.id end)
  return all
end

function M.alive()
  return vim.tbl_filter(function(s) return not over(s) end, M.all())
end

local function choose(items, prompt, name, next)
  if #items == 0 then
    words.say(prompt .. ': there is none', vim.log.levels.WARN)
  elseif #items == 1 then
    next(items[1])
  else
    vim.ui.select(items, { prompt = prompt, format_item = name }, function(item)
      if item then
        next(item)
      end
    end)
  end
end

--- pick_dev runs next with an entry of a manifest: the named one, the only one, or the chosen one.
function M.pick_dev(dev, _, next)
  refresh(function()
    local fit = vim.tbl_filter(function(d) return d.runnable and (not dev or d.dev == dev) end, devs)
    choose(fit, 'Which dev', function(d) return d.dev end, next)
  end)
end

--- pick_session is the same for sessions that run.
function M.pick_session(dev, next)
  local fit = vim.tbl_filter(function(s) return not dev or s.dev == dev end, M.alive())
  choose(fit, 'Which session', words.session, next)
end

--- names for completion: entries that can be started, or devs of sessions.
function M.names(kind)
  local names = {}
  if kind == 'alive' then
    for _, s in ipairs(M.alive()) do table.insert(names, s.dev) end
  elseif kind == 'idle' then
    for _, d in ipairs(devs) do
      if d.runnable then table.insert(names, d.dev) end
    end
  end
  return names
end

function M.show_output(s)
  vim.cmd('botright split')
  vim.api.nvim_win_set_buf(0, output_of(s.id))
  vim.cmd('normal! G')
end

return M
