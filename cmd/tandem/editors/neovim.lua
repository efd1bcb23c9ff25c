-- ~/.config/nvim/plugin/tandem.lua (Neovim 0.7 and newer)
vim.api.nvim_create_autocmd({ 'BufReadPost', 'BufNewFile' }, {
  pattern = { 'okteto.yml', 'okteto.yaml' },
  callback = function(event)
    local config = {
      name = 'tandem',
      cmd = {{.LuaCommand}},
      root_dir = vim.fn.fnamemodify(event.match, ':p:h'),
      get_language_id = function() return 'yaml' end,
    }
    if vim.lsp.start then -- one server for all manifests of a folder
      vim.lsp.start(config, { bufnr = event.buf })
    else
      vim.lsp.buf_attach_client(event.buf, vim.lsp.start_client(config))
    end
  end,
})
