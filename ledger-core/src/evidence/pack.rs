//! Pack: a package written member by member, so that no more of it is in memory than what is being packed.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::contents::MANIFEST;
use super::manifest::{Claim, Manifest, Statement};
use super::zip::{Binding, Record, Writer};
use crate::error::Result;
use crate::hash::Sha256;
use crate::key::Signer;

/// A package that is being written. Members come in the order of their names; what stands behind the manifest
/// is given in the end, because the manifest says how it is packed.
#[derive(Debug, Default)]
pub struct Packing {
    writer: Writer,
    binding: Binding,
    subjects: Vec<(String, Sha256)>,
}

impl Packing {
    /// Packs the next members: the bytes to be written. Code `zip-large`.
    pub fn add(&mut self, members: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>> {
        let records = self.records(members);
        let mut bytes = Vec::new();
        for record in &records {
            bytes.extend(self.writer.next(record)?);
        }
        Ok(bytes)
    }

    /// Packs the manifest, signed, and the members whose names come after it: the last bytes. Codes of zips.
    pub fn finish(
        mut self,
        rest: &BTreeMap<String, Vec<u8>>,
        claim: Claim,
        signers: &[&dyn Signer],
    ) -> Result<Vec<u8>> {
        let records = self.records(rest);
        let claim = Claim { packed: self.binding.finish(), ..claim };
        let statement = Statement { claim, subjects: self.subjects };
        let manifest = Manifest::sign(statement, signers)?.encode();
        let mut bytes = self.writer.next(&Record::stored(MANIFEST, manifest.as_bytes()))?;
        for record in &records {
            bytes.extend(self.writer.next(record)?);
        }
        bytes.extend(self.writer.finish()?);
        Ok(bytes)
    }

    /// The members as small as they can be, bound and listed.
    fn records<'m>(&mut self, members: &'m BTreeMap<String, Vec<u8>>) -> Vec<Record<'m>> {
        let pack = |(name, bytes): (&String, &'m Vec<u8>)| {
            (Record::smaller(name, bytes), (name.clone(), Sha256::of(bytes)))
        };
        let packed: Vec<_> = members.par_iter().map(pack).collect();
        let (records, subjects): (Vec<_>, Vec<_>) = packed.into_iter().unzip();
        for record in &records {
            self.binding.update(record);
        }
        self.subjects.extend(subjects);
        records
    }
}
