; The installer for Windows: for the person who runs it, without an
; administrator. Written by `cargo xtask package windows`, which says:
;   VERSION   of the product
;   PROGRAMS  the directory with the programs
;   LICENSES  the directory with LICENSE-APACHE and LICENSE-MIT
;   OUTPUT    the installer's path
;   HAS_DESKTOP, HAS_MESSAGING where those programs are there
; Silently: /S, and /AUTOSTART to have Windows start the agent.

Unicode true
Target amd64-unicode
!include "MUI2.nsh"
!include "FileFunc.nsh"
!include "LogicLib.nsh"

!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Chancery"
!define PATHS "Software\Microsoft\Windows\CurrentVersion\App Paths\chancery.exe"
!define HOSTS "Software\Mozilla\NativeMessagingHosts\chancery"

Name "Chancery"
OutFile "${OUTPUT}"
RequestExecutionLevel user
InstallDir "$LOCALAPPDATA\Programs\Chancery"
InstallDirRegKey HKCU "${KEY}" "InstallLocation"
SetCompressor /SOLID lzma
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "Chancery"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "Installs Chancery"
VIAddVersionKey "LegalCopyright" "Apache-2.0 or MIT"

!insertmacro MUI_PAGE_LICENSE "${LICENSES}/LICENSE-MIT"
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

; What runs cannot be replaced: the agent finishes what it is doing and ends.
!macro End prefix
Function ${prefix}EndAgent
  ${If} ${FileExists} "$INSTDIR\chancery.exe"
    nsExec::Exec '"$INSTDIR\chancery.exe" agent stop --quiet'
    Pop $0
  ${EndIf}
FunctionEnd
!macroend
!insertmacro End ""
!insertmacro End "un."

Section "Chancery" Main
  SectionIn RO
  Call EndAgent
  SetOutPath "$INSTDIR"
  File "${PROGRAMS}/chancery.exe"
!ifdef HAS_DESKTOP
  File "${PROGRAMS}/chancery-desktop.exe"
  CreateShortcut "$SMPROGRAMS\Chancery.lnk" "$INSTDIR\chancery-desktop.exe"
!endif
!ifdef HAS_MESSAGING
  File "${PROGRAMS}/chancery-native-messaging.exe"
  File "${PROGRAMS}/native-messaging.json"
  WriteRegStr HKCU "${HOSTS}" "" "$INSTDIR\native-messaging.json"
!endif
  File /oname=LICENSE-APACHE.txt "${LICENSES}/LICENSE-APACHE"
  File /oname=LICENSE-MIT.txt "${LICENSES}/LICENSE-MIT"
  ; What is typed where a program may be named finds it.
  WriteRegStr HKCU "${PATHS}" "" "$INSTDIR\chancery.exe"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKCU "${KEY}" "DisplayName" "Chancery"
  WriteRegStr HKCU "${KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${KEY}" "Publisher" "The Chancery authors"
  WriteRegStr HKCU "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${KEY}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  IntFmt $0 "0x%08X" $0
  WriteRegDWORD HKCU "${KEY}" "EstimatedSize" "$0"
SectionEnd

Section /o "Start the connection when I sign in to Windows" Autostart
  nsExec::Exec '"$INSTDIR\chancery.exe" agent autostart on --quiet'
  Pop $0
  ${If} $0 != 0
    DetailPrint "Windows does not start the connection by itself. The first application that needs it does."
  ${EndIf}
SectionEnd

Function .onInit
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/AUTOSTART" $1
  ${IfNot} ${Errors}
    SectionSetFlags ${Autostart} ${SF_SELECTED}
  ${EndIf}
FunctionEnd

; What a person has stays: the list of servers, settings, what Windows keeps.
Section "Uninstall"
  Call un.EndAgent
  nsExec::Exec '"$INSTDIR\chancery.exe" agent autostart off --quiet'
  Pop $0
  Delete "$INSTDIR\chancery.exe"
  Delete "$INSTDIR\chancery-desktop.exe"
  Delete "$INSTDIR\chancery-native-messaging.exe"
  Delete "$INSTDIR\native-messaging.json"
  Delete "$INSTDIR\LICENSE-APACHE.txt"
  Delete "$INSTDIR\LICENSE-MIT.txt"
  Delete "$INSTDIR\uninstall.exe"
  ; Only what is empty: a person may have put something there.
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\Chancery.lnk"
  DeleteRegKey HKCU "${PATHS}"
  DeleteRegKey HKCU "${HOSTS}"
  DeleteRegKey HKCU "${KEY}"
SectionEnd
