// SPDX-License-Identifier: GPL-2.0

//! Objects of which there is one for each key, from the first who uses it to the last.

use kernel::{
    new_spinlock,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
    sync::{
        Arc,
        SpinLock, //
    }, //
};

/// What there is one of for each key.
pub(crate) trait Keyed: Send + Sync + 'static {
    /// The key.
    fn key(&self) -> u64;
}

struct Entry<T> {
    object: Arc<T>,
    users: usize,
}

/// All objects of a kind that anybody uses.
///
/// The lock is held for a look-up or a change in the tree, and no other is taken under it.
#[pin_data]
pub(crate) struct Interner<T: Keyed> {
    #[pin]
    tree: SpinLock<RBTree<u64, Entry<T>>>,
}

impl<T: Keyed> Interner<T> {
    /// No objects.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self { tree <- new_spinlock!(RBTree::new(), "mq_interned") }),
            GFP_KERNEL,
        )
    }

    /// The object with this key, made now if there is none.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, or what `make` fails with.
    pub(crate) fn get_or_make(
        this: &Arc<Self>,
        key: u64,
        make: impl FnOnce() -> Result<Arc<T>>,
    ) -> Result<Interned<T>> {
        if let Some(object) = Self::get(this, key) {
            return Ok(object);
        }
        let object = make()?;
        let entry = Entry {
            object: object.clone(),
            users: 1,
        };
        let node = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?.into_node(key, entry);
        // Somebody else may have been faster; what was inserted is used then, and what was made
        // here goes once the lock is dropped.
        let spare = {
            let mut tree = this.tree.lock();
            match tree.get_mut(&key) {
                None => {
                    tree.insert(node);
                    None
                }
                Some(entry) => {
                    entry.users += 1;
                    Some((node, entry.object.clone()))
                }
            }
        };
        Ok(Interned {
            object: spare.map_or(object, |(_, earlier)| earlier),
            interner: this.clone(),
        })
    }

    /// The object with this key, if anybody uses it.
    pub(crate) fn get(this: &Arc<Self>, key: u64) -> Option<Interned<T>> {
        let mut tree = this.tree.lock();
        let entry = tree.get_mut(&key)?;
        entry.users += 1;
        Some(Interned {
            object: entry.object.clone(),
            interner: this.clone(),
        })
    }
}

/// A use of an object.
pub(crate) struct Interned<T: Keyed> {
    object: Arc<T>,
    interner: Arc<Interner<T>>,
}

impl<T: Keyed> core::ops::Deref for Interned<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.object
    }
}

impl<T: Keyed> Clone for Interned<T> {
    fn clone(&self) -> Self {
        if let Some(entry) = self.interner.tree.lock().get_mut(&self.key()) {
            entry.users += 1;
        }
        Self {
            object: self.object.clone(),
            interner: self.interner.clone(),
        }
    }
}

impl<T: Keyed> Drop for Interned<T> {
    fn drop(&mut self) {
        let key = self.key();
        let mut tree = self.interner.tree.lock();
        let last = tree.get_mut(&key).is_some_and(|entry| {
            entry.users -= 1;
            entry.users == 0
        });
        let node = if last { tree.remove_node(&key) } else { None };
        drop(tree);
        drop(node);
    }
}
