--- Tandem in Neovim: hybrid sessions over vim.lsp. See |tandem.txt|.
---
--- One client for each project; it is an ordinary language server, so diagnostics, completion and
--- hovers in okteto.yml are Neovim's own. This module adds what a language server has no word for.
local client = require('tandem.client')
local float = require('tandem.float')
local words = require('tandem.words')

local M = {}

--- setup changes the defaults and starts the server whenever an okteto.yml is opened.
---
--- cmd:      the server; the default keeps sessions for a minute after Neovim has ended.
--- settings: initializationOptions of the protocol: namespace, context, agentImage, …
--- on_change: called with each snapshot of a session, to redraw a statusline for example.
---@param opts table|nil { cmd: string[]|nil, settings: table|nil, on_change: function|nil }
function M.setup(opts)
  client.configure(opts or {})
  local group = vim.api.nvim_create_augroup('tandem', { clear = true })
  vim.api.nvim_create_autocmd({ 'BufReadPost', 'BufNewFile' }, {
    group = group,
    pattern = { 'okteto.yml', 'okteto.yaml' },
    desc = 'Tandem serves the manifest',
    callback = function(a) client.attach(a.buf) end,
  })
end

--- statusline is the sessions' states in a few words, '' where there is none:
--- `set statusline+=%{v:lua.require'tandem'.statusline()}`.
---@return string
function M.statusline()
  local texts = {}
  for _, s in ipairs(client.alive()) do
    table.insert(texts, words.session(s))
  end
  return table.concat(texts, ' | ')
end

--- sessions are the snapshots of all sessions, by id.
function M.sessions() return client.sessions end

local function started(dev, options)
  client.pick_dev(dev, 'idle', function(entry)
    client.request('session/start', { manifest = entry.manifest, dev = entry.dev, options = options }, function(err, s)
      if err then
        words.complain(entry.dev .. ' was not started', err)
      else
        words.say(words.session(s))
      end
    end)
  end)
end

--- run starts a session with the manifest's command.
function M.run(dev) started(dev, { run = true }) end

--- connect starts a session without the command: for a debugger or a terminal of your own.
function M.connect(dev) started(dev, { run = false }) end

local function about(dev, method, failed)
  client.pick_session(dev, function(s)
    client.request(method, { id = s.id }, function(err, after)
      if err then
        words.complain(s.dev .. failed, err)
      else
        words.say(words.session(after))
      end
    end)
  end)
end

--- stop ends a session; the cluster is given back when the message comes.
function M.stop(dev) about(dev, 'session/stop', ' was not stopped') end

--- restart restarts the command with the environment as it now is.
function M.restart(dev) about(dev, 'session/restart', ' was not restarted') end

--- status shows the sessions with their tunnels.
function M.status()
  local lines = {}
  for _, s in ipairs(client.all()) do
    vim.list_extend(lines, words.details(s))
  end
  float.show('Tandem', #lines > 0 and lines or { 'no session' })
end

--- environment shows the variables of a session with their origins; values of Secrets are masked.
--- In the float K explains the variable under the cursor, r reveals its value, q closes.
function M.environment(dev)
  client.pick_session(dev, function(s)
    client.request('env/resolve', { id = s.id }, function(err, env)
      if err then
        return words.complain('the environment of ' .. s.dev, err)
      end
      local variables = words.links_last(env.variables)
      local lines = vim.tbl_map(words.variable, variables)
      local buffer = float.show('Environment of ' .. s.dev, lines)
      local at = function()
        local row = vim.api.nvim_win_get_cursor(0)[1]
        return variables[row], row
      end
      vim.keymap.set('n', 'K', function() M.explain(at().name, s.dev) end, { buffer = buffer, desc = 'Explain this variable' })
      vim.keymap.set('n', 'r', function()
        local v, row = at()
        client.request('env/resolve', { id = s.id, reveal = true }, function(e, revealed)
          if e then
            return words.complain('revealing ' .. v.name, e)
          end
          for _, r in ipairs(revealed.variables) do
            if r.name == v.name then
              float.replace(buffer, row, words.variable(r))
            end
          end
        end)
      end, { buffer = buffer, desc = 'Reveal the value of this variable' })
    end)
  end)
end

--- explain shows how a variable came to its value, or why it has none.
function M.explain(name, dev)
  client.pick_session(dev, function(s)
    client.request('env/explain', { id = s.id, name = name }, function(err, e)
      if err then
        return words.complain('explaining ' .. name, err)
      end
      float.show(name, words.explanation(e))
    end)
  end)
end

--- output shows what the command of a session has written and goes on to write.
function M.output(dev)
  client.pick_session(dev, function(s) client.show_output(s) end)
end

--- complete lists names for the commands.
function M.complete(kind, lead)
  return vim.tbl_filter(function(name) return vim.startswith(name, lead) end, client.names(kind))
end

return M
