package gendoc

// rule is one rule of the base protocol with the tests that prove it.
type rule struct {
	says string
	// tests are named DIR.TestXxx, or DIR.TestXxx/CASE for one of a table; DIR is
	// from the repository's root.
	tests []string
}

// conformance is what this server promises of JSON-RPC 2.0 and LSP's base
// protocol. A test fails where a named test does not exist.
var conformance = []struct {
	title string
	rules []rule
}{
	{"Framing", []rule{
		{"A frame is a header, an empty line and a body of exactly `Content-Length` bytes; each is one write.", []string{"rpc.TestFrameReader/two frames", "rpc.TestEachFrameIsOneWrite"}},
		{"Names of header fields are case-insensitive, a bare line feed ends a line, `Content-Type` is ignored.", []string{"rpc.TestFrameReader/name in other letters", "rpc.TestFrameReader/bare line feeds", "rpc.TestFrameReader/content type is ignored"}},
		{"Frames are understood however the bytes arrive, and whatever the bytes are.", []string{"rpc.TestPartialWrites", "rpc.TestFramesSurviveAnyCut", "rpc.FuzzStream"}},
		{"A body of more than 16 MiB costs one -32600 and is skipped; the connection lives.", []string{"rpc.TestOversizeFrameIsRefusedAndSkipped"}},
		{"A length that is announced takes no memory before its bytes arrive.", []string{"rpc.TestAnnouncedLengthTakesNoMemory"}},
		{"A header line is at most 8 KiB, a header at most 64 lines.", []string{"rpc.TestFrameReader/endless line", "rpc.TestFrameReader/too many lines"}},
		{"Broken framing is answered with -32600 and ends the connection, with exit code 1.", []string{"rpc.TestBrokenFraming"}},
		{"The end of input inside of a frame ends the server as well.", []string{"rpc.TestEndInsideAFrame"}},
	}},
	{"Messages", []rule{
		{"What is not JSON in UTF-8 costs one -32700 with id null.", []string{"rpc.TestHostilePeer/not JSON", "rpc.TestHostilePeer/not UTF-8", "rpc.TestHostilePeer/too deep"}},
		{"What is no request of JSON-RPC 2.0 costs one -32600 with id null.", []string{"rpc.TestHostilePeer/no version", "rpc.TestHostilePeer/other version", "rpc.TestHostilePeer/method is a number", "rpc.TestHostilePeer/params is text"}},
		{"An id is an integer of 64 bits or a text; any other is refused.", []string{"rpc.TestHostilePeer/fractional id", "rpc.TestHostilePeer/id beyond int64", "rpc.TestHostilePeer/id is null", "rpc.TestHostilePeer/id is text"}},
		{"An id that is in use is refused with -32600 and id null; it is free again with its answer.", []string{"rpc.TestDuplicateIDInFlight", "rpc.TestBatchAnswersEachCall"}},
		{"A batch is answered as one, member by member; an empty one with -32600; one of more than 1 024 is refused.", []string{"rpc.TestBatchAnswersEachCall", "rpc.TestHostilePeer/empty batch", "rpc.TestHostilePeer/batch, one bad", "rpc.TestHostilePeer/batch too long"}},
		{"An unknown method is -32601, params that do not fit are -32602, members that are not known are ignored.", []string{"rpc.TestHostilePeer/unknown method", "rpc.TestHostilePeer/params of a wrong type", "rpc.TestHostilePeer/unknown members"}},
		{"A notification is never answered, whatever is wrong with it.", []string{"rpc.TestHostilePeer/unknown notification", "rpc.TestHostilePeer/notification, bad params"}},
		{"An answer to nothing is ignored.", []string{"rpc.TestHostilePeer/answer to nothing"}},
		{"What is sent is UTF-8, and every error that answers a request has its kind.", []string{"rpc.TestResultsAreUTF8", "rpc.TestEveryErrorHasData", "rpc.TestErrorsOnTheWire"}},
		{"Any three messages leave a server that speaks JSON and ends.", []string{"rpc.FuzzConversation"}},
	}},
	{"Life cycle", []rule{
		{"Before `initialize` requests get -32002, notifications but `exit` are dropped.", []string{"rpc.TestBeforeInitialize"}},
		{"Nothing is sent before the answer to `initialize`.", []string{"rpc.TestTranscripts"}},
		{"A second `initialize` is -32600; one that failed or was cancelled may be tried again.", []string{"rpc.TestHostilePeer/second initialize", "rpc.TestFailedInitializeMayBeTriedAgain", "rpc.TestCancelLifeCycle"}},
		{"`initialize` announces what is answered.", []string{"rpc.TestInitializeAnnouncesWhatIsThere", "rpc.TestEveryRequestHasAHandler"}},
		{"`shutdown` answers once the clusters are given back; requests after it get -32600.", []string{"rpc.TestShutdownAndExit"}},
		{"`exit` ends with 0 after `shutdown`, else with 1; the end of input with 0.", []string{"rpc.TestRealProcess", "rpc.TestExitWithoutShutdown"}},
		{"The end of input answers the calls in flight with -32802 and ends the sessions.", []string{"rpc.TestEndOfInputAnswersCallsInFlight", "rpc.TestEndWithManyCallsInFlight", "rpc.TestClientThatLeavesWithCallsInFlight"}},
		{"The end of the client's process ends the server.", []string{"rpc.TestParentIsWatched"}},
		{"A read that never returns does not hold up the end.", []string{"rpc.TestABlockedReadDoesNotHoldUpTheEnd"}},
	}},
	{"Requests", []rule{
		{"Every request can be cancelled at every moment and is answered once, with its result or -32800.", []string{"rpc.TestCancelEveryRequest", "rpc.TestCancelAtEveryMoment", "rpc.TestCancelInTheSameBatch", "rpc.TestCancelLifeCycle"}},
		{"A cancelled call that failed in its own way says so.", []string{"rpc.TestCancelledCallTellsItsOwnFailure"}},
		{"10 000 calls may be in flight; each gets its own answer.", []string{"rpc.TestTenThousandCallsInFlight"}},
		{"A panic in a handler is one -32603 without what it held; the connection lives.", []string{"rpc.TestPanicInEveryHandler", "rpc.TestPanicCostsOneRequest"}},
		{"A progress has one begin, reports, and one end, also for a client that makes no room for it.", []string{"rpc.TestProgressOnTheClientsToken", "rpc.TestProgressOnTheServersToken", "rpc.TestClientThatNeverMakesRoomForProgress"}},
	}},
	{"A client that does not read", []rule{
		{"No session waits for it; what it misses of a command's output is counted, of everything else it misses nothing.", []string{"rpc.TestSlowReaderLosesOutputOnly"}},
		{"When 64 MiB wait for it the server gives the clusters back and ends.", []string{"rpc.TestDeafClientEndsTheServer"}},
		{"A log on standard error that nobody reads blocks nobody; lines that are left out are counted.", []string{"rpc.TestUnreadLogBlocksNobody", "rpc.TestLogSinkNeverWaits"}},
		{"A client that closes its end ends the server.", []string{"rpc.TestClientThatClosesItsEnd"}},
	}},
	{"Standard output and secrets", []rule{
		{"What a library or a child prints goes to standard error, never between frames.", []string{"rpc.TestClaimStdout", "rpc.TestRealProcess"}},
		{"Traces and transcripts have no value of a variable and no output of a command.", []string{"rpc.TestVerboseTraceHasNoValues", "rpc.TestTraceOfExplanationHasNoValues", "rpc.TestTranscripts"}},
		{"A server that listens on a socket serves only who shows its token, and only on this machine.", []string{"cmd/tandem.TestListenWantsTheToken", "cmd/tandem.TestListenIsForThisMachineOnly"}},
	}},
	{"Documents", []rule{
		{"Edits apply in the order of the wire, counted as `positionEncoding` says; a request sees the version at its own place.", []string{"rpc.TestRequestsSeeTheirVersion", "rpc.TestPositionEncodings"}},
		{"An edit that does not fit, or of a document that is not open, costs a line of the log.", []string{"rpc.TestBadDocumentNotifications"}},
		{"Nothing waits for the cluster but a completion, for at most 50 ms.", []string{"rpc.TestTheClusterIsNeverWaitedFor"}},
		{"A document that is no manifest is left alone.", []string{"rpc.TestOtherDocumentsAreLeftAlone"}},
	}},
	{"Several at once", []rule{
		{"Folders of the workspace come and go.", []string{"rpc.TestWorkspaceFoldersChange"}},
		{"Sessions of several clusters have ids of their own, and each dev is held against its own cluster.", []string{"e2e.TestSeveralContexts", "rpc.TestPlacesOfAManifest"}},
		{"Ten sessions at once, before a window that hangs: every client sees each session's `seq` without a gap.", []string{"e2e.TestTenSessions"}},
		{"What a crash left is asked about, and continued or given back as the user says.", []string{"e2e.TestRecoveryIsAskedAbout", "rpc.TestRecoveryIsOffered", "rpc.TestRecoverCommand"}},
	}},
	{"Clients that are not ours", []rule{
		{"Whole sessions with the language clients of other editors, on a real cluster.", []string{"e2e/clients.TestClients"}},
	}},
}
