--- Text in a float that q or <Esc> closes.
local M = {}

--- show opens a float and returns its buffer, which goes with the window.
function M.show(title, lines)
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.api.nvim_buf_set_option(buffer, 'modifiable', false)
  vim.api.nvim_buf_set_option(buffer, 'bufhidden', 'wipe')
  vim.api.nvim_buf_set_option(buffer, 'filetype', 'tandem')
  local widest = #title
  for _, line in ipairs(lines) do
    widest = math.max(widest, vim.fn.strdisplaywidth(line))
  end
  local width = math.max(1, math.min(widest + 2, vim.o.columns - 4))
  local height = math.max(1, math.min(#lines, vim.o.lines - 6))
  vim.api.nvim_open_win(buffer, true, {
    relative = 'editor', style = 'minimal', border = 'rounded', width = width, height = height,
    row = math.floor((vim.o.lines - height) / 2) - 1, col = math.floor((vim.o.columns - width) / 2),
  })
  for _, key in ipairs({ 'q', '<Esc>' }) do
    vim.keymap.set('n', key, '<Cmd>close<CR>', { buffer = buffer, nowait = true, desc = 'Close' })
  end
  return buffer
end

--- replace replaces one line, counted from one, of a float that may be closed by now.
function M.replace(buffer, row, line)
  if not vim.api.nvim_buf_is_valid(buffer) then
    return
  end
  vim.api.nvim_buf_set_option(buffer, 'modifiable', true)
  vim.api.nvim_buf_set_lines(buffer, row - 1, row, false, { line })
  vim.api.nvim_buf_set_option(buffer, 'modifiable', false)
end

return M
