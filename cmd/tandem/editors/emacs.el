;; In your init file. Eglot is part of Emacs 29; for 28 install it from ELPA.
(if (require 'yaml-mode nil t)
    (define-derived-mode okteto-mode yaml-mode "Okteto")
  (define-derived-mode okteto-mode conf-mode "Okteto"))
(add-to-list 'auto-mode-alist '("/okteto\\.ya?ml\\'" . okteto-mode))
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs
               '((okteto-mode :language-id "yaml") . {{.LispCommand}})))
(add-hook 'okteto-mode-hook #'eglot-ensure)
