package protocol

// ErrorCode is the code of a JSON-RPC error.
type ErrorCode int32

// The codes of JSON-RPC 2.0 and LSP. They tell a client how to treat a failure;
// [ErrorData] tells which one it is.
const (
	// CodeParseError: the frame is not JSON. The answer's id is null.
	CodeParseError ErrorCode = -32700
	// CodeInvalidRequest: not a request object, or a request at a time when it
	// must not come.
	CodeInvalidRequest ErrorCode = -32600
	// CodeMethodNotFound: no such method.
	CodeMethodNotFound ErrorCode = -32601
	// CodeInvalidParams: the parameters do not fit the method.
	CodeInvalidParams ErrorCode = -32602
	// CodeInternalError: a bug.
	CodeInternalError ErrorCode = -32603
	// CodeServerNotInitialized: a request before initialize was answered.
	CodeServerNotInitialized ErrorCode = -32002
	// CodeRequestCancelled: the client cancelled the request.
	CodeRequestCancelled ErrorCode = -32800
	// CodeContentModified is LSP's for a state that changed under a request; no
	// method answers with it yet.
	CodeContentModified ErrorCode = -32801
	// CodeServerCancelled: the server cancelled the request, because it is ending.
	CodeServerCancelled ErrorCode = -32802
	// CodeRequestFailed: a failure that is to be expected in the world; the
	// data's kind says which.
	CodeRequestFailed ErrorCode = -32803
)

// ErrorData is the data of an error.
type ErrorData struct {
	// Kind is stable and meant for programs, for example "workload-not-found".
	Kind string `json:"kind"`
	// Hint says what the user can do, "" where there is nothing to say.
	Hint string `json:"hint"`
	// Retryable says that the same request may succeed later as it is.
	Retryable bool `json:"retryable"`
	// Detail has facts of the kind, for example the diagnostics of
	// "manifest-invalid".
	Detail map[string]any `json:"detail,omitempty"`
}
