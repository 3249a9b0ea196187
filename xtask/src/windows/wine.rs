//! The directory that Wine takes for a machine.

use super::toolchain::LINKER;
use crate::cargo;
use crate::failure::Failure;
use crate::say;
use std::path::Path;
use std::process::{Command, Stdio};

/// The library's only function, by which Windows 10 and later give random
/// bytes. Wine 8 has the bytes under another name alone, and the standard
/// library asks for this one. On Windows the system's own is used.
const RANDOM: &str = "\
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    while (length > 0) {
        ULONG piece = length > 0x10000 ? 0x10000 : (ULONG)length;
        if (!SystemFunction036(data, piece)) return FALSE;
        data += piece;
        length -= piece;
    }
    return TRUE;
}
";

/// Makes the machine unless it is there.
pub(super) fn prepare(place: &Path) -> Result<(), Failure> {
    let prefix = place.join("wine");
    let library = prefix.join("drive_c/windows/system32/bcryptprimitives.dll");
    if library.is_file() {
        return Ok(());
    }
    say::note("Making a Windows machine for Wine. This is done once.");
    let cannot = |what: &Path, error: std::io::Error| {
        Failure::new(format!("{} cannot be written: {error}.", what.display()))
    };
    // What was begun and not finished is of no use.
    if prefix.exists() {
        std::fs::remove_dir_all(&prefix).map_err(|error| cannot(&prefix, error))?;
    }
    let home = place.join("home");
    std::fs::create_dir_all(&home).map_err(|error| cannot(&home, error))?;
    for words in [&["wineboot", "--init"][..], &["wineserver", "--wait"]] {
        let (program, rest) = words.split_first().ok_or_else(Failure::said)?;
        let mut boot = Command::new(program);
        boot.args(rest)
            .env("WINEPREFIX", &prefix)
            .env("HOME", &home)
            .env("WINEARCH", "win64")
            .env("WINEDEBUG", "-all")
            // It asks for what only web pages and .NET need, and writes menus.
            .env(
                "WINEDLLOVERRIDES",
                "winemenubuilder.exe=d;mscoree=d;mshtml=d",
            )
            .env_remove("DISPLAY")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        cargo::run(&mut boot, place)?;
    }
    let source = place.join("bcryptprimitives.c");
    std::fs::write(&source, RANDOM).map_err(|error| cannot(&source, error))?;
    let mut compile = Command::new(LINKER);
    compile
        .args(["-shared", "-O1", "-s", "-o"])
        .arg(&library)
        .arg(&source)
        .arg("-ladvapi32");
    cargo::run(&mut compile, place)
}
