//! Landlock: a driver sees the libraries that it is linked with, and no other file; a program also what lies beside it,
//! and what the kernel says of it.

use landlock::{
    ABI, Access, AccessFs, AccessNet, RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::Inmate;

/// Where a dynamically linked program finds its loader and libraries.
const LIBRARIES: [&str; 6] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/nix/store", "/etc/ld.so.cache"];

/// What a driver's runtime reads: the source of a hash map's keys, where the system call is missing.
const DEVICES: [&str; 2] = ["/dev/urandom", "/dev/null"];

/// Takes away what this kernel's Landlock can.
///
/// # Errors
///
/// Where there is no Landlock, or one that is too old to keep files from being changed.
pub fn wall_off(inmate: &Inmate) -> Result<(), String> {
    match restrict(inmate) {
        Ok(RestrictionStatus { ruleset: RulesetStatus::NotEnforced, .. }) => {
            Err("this kernel has no Landlock".to_owned())
        }
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

fn restrict(inmate: &Inmate) -> Result<RestrictionStatus, RulesetError> {
    // Of what this asks for, a kernel does what it knows: files since 5.13, ports since 6.7, scopes since 6.12.
    let newest = ABI::V6;
    let read = AccessFs::from_read(newest);
    let (driver, folder, own) = match inmate {
        Inmate::Nobody => (None, None, None),
        Inmate::Driver(driver) => (Some(driver), None, None),
        Inmate::Program { folder, .. } => (None, Some(folder), Some("/proc/self")),
    };
    Ruleset::default()
        .handle_access(AccessFs::from_all(newest))?
        .handle_access(AccessNet::from_all(newest))?
        .scope(Scope::from_all(newest))?
        .create()?
        .add_rules(path_beneath_rules(LIBRARIES, read))?
        .add_rules(path_beneath_rules(DEVICES, AccessFs::ReadFile))?
        .add_rules(path_beneath_rules(driver, AccessFs::ReadFile | AccessFs::Execute))?
        .add_rules(path_beneath_rules(folder, read))?
        .add_rules(path_beneath_rules(own, AccessFs::ReadFile))?
        .restrict_self()
}
