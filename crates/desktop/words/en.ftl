### What a person reads in the desktop program. A message says what happened,
### then what to do next; see docs/STYLE.md. Where a name stands in a sentence
### it is isolated, so that it can run in the other direction.

## The program

app-name = Chancery
app-servers = Servers
app-applications = Applications
app-preferences = Preferences
app-until = Until { $time }, and longer while you work.
app-until-fixed = Until { $time }.
app-next-probe = Tried again at { $time }.
app-connect = Connect
app-sign-in = Sign in
app-disconnect = Disconnect
app-dismiss = Close this message

## The state, where no server says it

state-starting = Starting…
state-no-server = No server is known yet. Connect to one by its web address.
state-none-chosen = No server is chosen. Choose one from the list.

## The names of the states, for the guide and for screen readers

state-name-starting = Starting
state-name-no-server = No server
state-name-disconnected = Disconnected
state-name-deferred = Chosen, not signed in
state-name-signing-in = Signing in
state-name-connected = Connected
state-name-offline = Offline
state-name-needs-user = Needs you

## The Connect menu

menu-choose = Choose from the list…
menu-sign-in = Sign in
menu-disconnect = Disconnect
menu-open = Open Chancery
menu-preferences = Preferences…
menu-quit = Quit

## The Login dialog

login-title = Connect to a work server
login-title-server = Sign in to { $server }
login-explain = Type the web address of your work server. Your administrator knows it.
login-address = Web address
login-address-hint = work.example.com
login-address-missing = The web address is empty. Type one like work.example.com.
login-known = Known servers
login-login = Login
login-proving = Looking at { $server }…
login-host-title = Another host
login-host-explain = Connect there only if you know that host. Nothing was sent to it yet.
login-host-confirm = Connect there
login-user = User
login-user-missing = The user is empty. Type who signs in.
login-password = Password
login-password-missing = The password is empty. Type it, then sign in.
login-sign-in = Sign in
login-signing-in = Signing in to { $server }…
login-why-application = An application asks, and nobody checked which: it calls itself “{ $application }”.
login-not-kept = Your password is sent to this server only and is not kept.
login-back = Another server
login-browse = Sign in in the browser instead
login-page-explain = This server has people sign in on its own page, in the browser.
login-open-browser = Open the browser
login-type-password = Sign in with a password instead
login-browser-explain = Go on in your browser, on the server’s own page. This window waits for you.
login-browser-waiting = Waiting for the browser…
login-browse-again = Open it again
login-browse-copy = Copy the address
login-cancel = Cancel

## The Connect list

list-empty = No server is known yet. Add one by its web address; it stays in this list.
list-add = Add a server…
list-active = Active
list-known = Known
list-at-rest = Known, and not the active server.
list-provided = In everybody's list by your administrator's policy, so it keeps its name and stays.
list-connect = Connect
list-switch = Switch to this server
list-sign-in = Sign in
list-sign-out = Sign out
list-rename = Rename…
list-remove = Remove…
list-up = Move up
list-down = Move down
list-state = State
list-person = Person
list-session = Session
list-session-silent = It is renewed without asking.
list-session-asks = When it ends you are asked to sign in.
list-version = Version
list-product = Product
list-sign-in-by = Sign-in
list-certificate = Certificate
list-reached = Server
list-can = Can do
list-cannot = Cannot do
list-advisory = Read what an older server lacks
list-advisory-close = Close
list-nobody = Nobody has signed in yet.
list-none = None now.
list-unknown = Known once somebody is signed in.
list-looking = Looking…
list-again = Look again
list-can-session-lifetime = tells how long a session lives
list-can-session-background = refreshes in the background
list-can-idempotency = never files an upload twice
list-can-events = shows changes at once
list-can-filing = marks filed mail in the mailbox
list-can-ranges = resumes downloads
list-rename-title = Rename { $server }
list-rename-name = Name
list-rename-yes = Rename
list-remove-title = Remove { $server } from the list?
list-remove-explain = Its session ends, and you connect to it again by its web address.
list-remove-yes = Remove

## Who uses the connection

uses-explain = These programs share your one connection. None of them sees your password. What a program calls itself is its own word.
uses-none = No program uses the connection now.
uses-calls = { $count ->
    [one] { $count } call
   *[other] { $count } calls
}
uses-last = last at { $time }
uses-since = since { $time }
uses-administers = administers until { $time }
uses-stopped = Stopped
uses-stop = Stop
uses-stop-title = Stop { $name }?
uses-stop-explain = Its connections are closed, and it gets no more until the agent starts anew. What it was doing may be lost.
uses-this = This window

## Preferences

prefer-sign-in = Signing in
prefer-first-use = With the first use (starting a program neither connects nor asks)
prefer-at-start = As soon as Chancery starts, where that takes no password
prefer-applications = For single applications
prefer-applications-explain = An application that signs you in when it starts saves the wait at its first use. It never asks by itself.
prefer-applications-none = No application has used the connection yet.
prefer-as-above = As above
prefer-short-first-use = First use
prefer-short-at-start = At start
prefer-log-on = Log-on
prefer-start = Show the connection's icon when I log on
prefer-theme = Appearance
prefer-theme-system = As the desktop
prefer-theme-light = Light
prefer-theme-dark = Dark
prefer-theme-contrast = High contrast
prefer-by-policy = Your administrator's policy decides this.
prefer-policy-file = The policy is in { $path }.
prefer-mistakes = The policy file cannot be used: { $why }

## What goes wrong between this program and the agent

trouble-gone = The agent has ended. It is being started again.
trouble-not-running = The agent does not run. It is being started; try again in a moment.
trouble-stranger = What answers in the agent's place cannot be talked to: { $why }. End it with “chancery agent stop”, then try again.
trouble-silent = The agent did not answer in time. Try again.
trouble-broken = The connection to the agent broke. Try again.
trouble-other = Nothing was changed: { $why }.
trouble-status = The server answered { $status }. Try again, or tell your administrator.
trouble-stays = The connection to { $server } stays as it was.
trouble-window = No window can be opened here: { $why }.
trouble-start = Whether the icon is there at log-on was not changed: { $why }
