;;; session.el --- A whole session with Emacs' eglot  -*- lexical-binding: t -*-

;;   SNIPPET=tandem.el DEV=web emacs --batch -q -l session.el
;;
;; SNIPPET is the configuration that `tandem init --editor emacs` prints.  Eglot is
;; part of Emacs 29; Debian 12 has it as elpa-eglot.

(require 'package)
(package-initialize)
(require 'cl-lib)
(require 'json)
(require 'eglot)
(require 'jsonrpc)

(defconst patience 60)
(defvar dev (getenv "DEV"))
(defvar seq 0)
(defvar state "")
(defvar output "")
(defvar told nil "What the last publishDiagnostics had.")

(defun say (&rest what)
  (princ (concat (json-encode (vconcat what)) "\n")))

(defmacro wait-until (what &rest body)
  "Wait until BODY is true; WHAT is for the failure."
  `(let ((end (+ (float-time) patience)) found)
     (while (and (not (setq found (progn ,@body))) (< (float-time) end))
       (accept-process-output nil 0.05))
     (or found (error "No %s" ,what))))

(cl-defmethod eglot-handle-notification (_server (_method (eql session/didChange)) &rest s)
  (unless (= (plist-get s :seq) (1+ seq)) (say "gap" seq (plist-get s :seq)))
  (setq seq (plist-get s :seq))
  (unless (equal state (plist-get s :state)) (say "state" (plist-get s :state)))
  (setq state (plist-get s :state)))

(cl-defmethod eglot-handle-notification (_server (_method (eql session/output)) &rest o)
  (setq output (concat output (plist-get o :text))))

(cl-defmethod eglot-handle-notification :before (_server (_method (eql textDocument/publishDiagnostics)) &rest d)
  (setq told (append (plist-get d :diagnostics) nil)))

(defun ask (method params)
  (jsonrpc-request (eglot-current-server) method params :timeout patience))

(defun session ()
  (load (getenv "SNIPPET") nil t)
  (find-file "okteto.yml")
  (unless (eq major-mode 'okteto-mode) (error "okteto.yml is in %s" major-mode))
  ;; What eglot-ensure does once a person is idle, which nobody is here.
  (apply #'eglot--connect (eglot--guess-contact))
  (let* ((own (plist-get (plist-get (eglot--capabilities (eglot-current-server)) :experimental) :tandem))
         (uri (concat "file://" buffer-file-name))
         (document (list :uri uri))
         (text (buffer-string)))
    (say "protocol" (or (and (= (plist-get own :protocolVersion) 1)
                             (cl-find "session/start" (plist-get own :methods) :test #'equal) t)
                        :json-false))

    ;; The manifest as a language.
    (goto-char (point-min))
    (re-search-forward (concat "^  " dev ":\n"))
    (let ((at (point)) (line (1- (line-number-at-pos))))
      (insert "    forwrad: []\n")
      (eglot--signal-textDocument/didChange)
      (wait-until "diagnostic"
        (cl-find-if (lambda (d) (and (equal (plist-get d :code) "unknown-field")
                                     (= (plist-get (plist-get (plist-get d :range) :start) :line) line)))
                    told))
      (say "diagnostic" "unknown-field")
      (delete-region at (point))
      (insert "    time\n")
      (eglot--signal-textDocument/didChange)
      (let* ((offered (ask :textDocument/completion
                           (list :textDocument document :position (list :line line :character 8))))
             (items (append (if (vectorp offered) offered (plist-get offered :items)) nil)))
        (say "completion" (or (and (cl-find-if (lambda (i) (string-prefix-p "timeout" (plist-get i :label))) items) t)
                              :json-false))))
    (erase-buffer)
    (insert text)
    (eglot--signal-textDocument/didChange)
    (wait-until "end of errors" (not (cl-find 1 told :key (lambda (d) (plist-get d :severity)))))
    (cl-flet ((lens (title)
                (or (and (cl-find-if (lambda (l) (equal (plist-get (plist-get l :command) :title) title))
                                     (append (ask :textDocument/codeLens (list :textDocument document)) nil))
                         t)
                    :json-false)))
      (say "lens" (lens "Run hybrid"))

      (condition-case failure
          (ask :session/start (list :manifest uri :dev "nobody"))
        (jsonrpc-error
         (let ((data (alist-get 'jsonrpc-error-data failure)))
           (say "error" (or (and (= (alist-get 'jsonrpc-error-code failure) -32803)
                                 (not (equal (plist-get data :hint) "")))
                            :json-false)
                (plist-get data :kind)))))
      (let ((ready (ask :session/start (list :manifest uri :dev dev :options (list :run t)))))
        (say "ready" (plist-get ready :id) (plist-get ready :state))
        (wait-until "output" (string-match-p "serving" output))
        (say "output")
        (say "lens" (lens "Stop"))
        (let ((variables (append (plist-get (ask :env/resolve (list :id (plist-get ready :id))) :variables) nil)))
          (say "env"
               (plist-get (cl-find "SHOP_WHERE" variables :key (lambda (v) (plist-get v :name)) :test #'equal) :value)
               (or (not (cl-find-if (lambda (v) (and (eq (plist-get v :secret) t) (plist-get v :value))) variables))
                   :json-false)))
        (say "stopped" (plist-get (ask :session/stop (list :id (plist-get ready :id))) :state))))
    (let ((process (jsonrpc--process (eglot-current-server))))
      (set-buffer-modified-p nil)
      (eglot-shutdown (eglot-current-server) nil 30)
      ;; Eglot kills a server that it has asked to end, so the code says nothing.
      (wait-until "end of the server" (not (process-live-p process)))
      (say "exit" 0))))

(condition-case failure
    (session)
  (error (message "%S" failure)
         (kill-emacs 1)))
;;; session.el ends here
